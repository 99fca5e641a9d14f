"""What is read from files: bars of sessions, reports, journals. All of it in threads."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from ikbr.ops.dashboard.answers import number_of, plain_json
from ikbr.ops.dashboard.bars import SessionBars
from ikbr.ops.dashboard.guard import RefusedError
from ikbr.ops.dashboard.headers import POLICY, REPORT_POLICY
from ikbr.ops.dashboard.journals import MOST, Journals
from ikbr.ops.dashboard.options import DashboardOptions
from ikbr.ops.dashboard.reports import find_report, list_reports
from ikbr.ops.dashboard.watch import BotWatch

SESSIONS = 16
"""Sessions whose bars are kept."""


class Files:
    """Serve what is read from files."""

    def __init__(self, options: DashboardOptions, watch: BotWatch) -> None:
        """Name the folders.

        Args:
            options: Says where they are.
            watch: Knows where bots record.
        """
        self._reports = options.reports
        self._journals = Journals(options.journals)
        self._watch = watch
        self._bars: dict[Path, SessionBars] = {}

    async def bars(self, request: Request) -> Response:
        """Give the bars of a symbol in the session of a bot."""
        folder = self._watch.session_folder(request.path_params["bot"])
        if folder is None:
            raise RefusedError(404, "there is no such bot, or it has not begun.")
        symbol = request.query_params.get("symbol", "")
        seconds = number_of(request, "seconds", 60)
        found = await asyncio.to_thread(self._session(folder).bars, symbol, seconds)
        return plain_json({"bars": found})

    def _session(self, folder: Path) -> SessionBars:
        known = self._bars.pop(folder, None)
        self._bars[folder] = known = known or SessionBars(folder)
        while len(self._bars) > SESSIONS:
            del self._bars[next(iter(self._bars))]
        return known

    async def reports(self, _request: Request) -> Response:
        """List the reports."""
        found = await asyncio.to_thread(list_reports, self._reports)
        return plain_json([one.plain() for one in found])

    async def report(self, request: Request) -> Response:
        """Give a report, which may reach nothing."""
        path = request.path_params["path"]
        file = await asyncio.to_thread(find_report, self._reports, path)
        if file is None:
            raise RefusedError(404, "there is no such report.")
        headers = {POLICY.decode(): REPORT_POLICY}
        return FileResponse(file, media_type="text/html", headers=headers)

    async def journals(self, _request: Request) -> Response:
        """List the journals."""
        found = await asyncio.to_thread(self._journals.summaries)
        return plain_json([one._asdict() for one in found])

    async def journal(self, request: Request) -> Response:
        """Give records of a journal."""
        asked = request.query_params
        records, following = await asyncio.to_thread(
            self._journals.page,
            request.path_params["name"],
            after=number_of(request, "after", 0),
            limit=number_of(request, "limit", MOST),
            kind=asked.get("kind", ""),
            text=asked.get("text", ""),
        )
        return plain_json({"records": records, "next": following})
