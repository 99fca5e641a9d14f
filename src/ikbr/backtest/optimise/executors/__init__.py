"""Where trials run: this process, processes of this machine, a Dask or a Ray cluster."""
