// What a person may do to a bot: its words before it is done.

import { number, signed } from "/static/js/format.js";

const count = (many, one) => `${number(many)} ${one}${many === 1 ? "" : "s"}`;
const held = (state) => state.positions.map((one) => `${one.symbol} ${number(one.quantity)} (${signed(one.unrealised)} ${one.currency})`);

/** By name: the button's words, the dialog's title, what will happen, and what it happens to. */
export const ACTIONS = {
  halt: {
    button: "Halt entries", title: "Halt entries",
    says: "No new position is opened until someone resumes. Exits and protective stops go on working.",
    touches: () => [],
  },
  resume: {
    button: "Resume", title: "Resume entries",
    says: "Strategies may open positions again, unless something else still holds them.",
    touches: (state) => state.holds.map((hold) => `${hold.name}: ${hold.why}`),
  },
  cancel: {
    button: "Cancel", title: "Cancel an order",
    says: "The order is cancelled, even if it protects a position. It may fill before the exchange hears of it.",
    touches: (_state, { order }) => [
      `order ${order.id}: ${order.side} ${number(order.remaining)} ${order.symbol}, ${order.type}, of ${order.strategy}`,
    ],
    fields: ({ order }) => ({ order_id: order.id }),
  },
  "cancel-all": {
    button: "Cancel all orders", title: "Cancel all orders",
    says: "Working orders are cancelled. Exits that protect a position stay; cancel those one by one.",
    touches: (state) => [count(state.working.filter((order) => !order.protects).length, "working order")],
  },
  flatten: {
    button: "Flatten", title: "Flatten",
    says: "Entries are halted, orders are cancelled, and what the strategies hold is closed at the market; it costs the spread and fees. Entries stay halted until someone resumes.",
    touches: held,
  },
  kill: {
    button: "Kill", title: "Kill",
    says: "The bot is stopped, even if it hangs, and every order of it is cancelled, protective stops too. Positions stay as they are: flatten first if they must go. It sends nothing again until someone arms it at its machine (ikbr arm).",
    touches: (state) => [count(state.working.length, "working order"), ...held(state)],
    grave: true,
  },
  "set-parameter": {
    title: "Change a parameter",
    says: "The strategy goes on with the new value from its next tick. It holds until the bot ends.",
    touches: (_state, { strategy, parameter, value }) => [
      `${strategy}: ${parameter.name} from ${parameter.value} to ${value}`,
    ],
    fields: ({ strategy, parameter, value }) => ({ strategy, name: parameter.name, value }),
  },
};

/** The word that must be typed: the action, or for real money the account. */
export const confirmWord = (action, info) =>
  info?.mode === "live" && !info.simulated ? info.account || action : action;
