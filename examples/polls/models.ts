/** Questions and the choices people vote for. */
import { f, Model } from "portico"

export const Question = Model.make("Question", {
  id: f.id(),
  text: f.text({ max: 200 }),
  publishedAt: f.instant()
})

export const Choice = Model.make("Choice", {
  id: f.id(),
  question: f.belongsTo(Question, { as: "choices", onDelete: "cascade" }),
  text: f.text({ max: 200 }),
  votes: f.int().default(0)
})

export const Polls = Model.models("polls", { Question, Choice })
