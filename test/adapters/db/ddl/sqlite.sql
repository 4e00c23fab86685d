CREATE TABLE "polls_user" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "email" TEXT NOT NULL CHECK (length("email") <= 100),
  "nick" TEXT NOT NULL DEFAULT 'it''s \' CHECK (length("nick") <= 50),
  "essay" TEXT NOT NULL DEFAULT '' CHECK (length("essay") <= 5000),
  "bio" TEXT NULL,
  "active" INTEGER NOT NULL DEFAULT 1,
  "balance" INTEGER NOT NULL DEFAULT -150,
  "ratio" REAL NOT NULL DEFAULT 0.5,
  "big" INTEGER NOT NULL DEFAULT 5,
  "born" TEXT NULL,
  "seen" TEXT NOT NULL DEFAULT '2020-02-29T01:02:03.004Z',
  "token" TEXT NULL,
  "meta" TEXT NOT NULL DEFAULT '{"tags":["a''b"]}',
  "avatar" BLOB NOT NULL DEFAULT x'00ff',
  "kind" TEXT NOT NULL DEFAULT 'staff' CHECK ("kind" IN ('staff', 'o''guest')),
  "boss_id" INTEGER NULL CONSTRAINT "fk_polls_user_boss_id" REFERENCES "polls_user" ("id") ON DELETE SET NULL,
  CONSTRAINT "ck_polls_user_solvent" CHECK ("balance" >= -10050),
  CONSTRAINT "ck_polls_user_nick" CHECK ((substr("nick", 1, length('x')) = 'x') IS NOT TRUE),
  CONSTRAINT "ck_polls_user_known" CHECK (("bio" IS NOT NULL OR "nick" IS NOT 'nobody' OR "kind" IN ('staff') OR (length("nick") > 3 AND instr("nick", '\') > 0 AND substr("email", length("email") - length('@x') + 1) = '@x')))
) STRICT;
CREATE UNIQUE INDEX "uq_polls_user_email" ON "polls_user" ("email");
CREATE INDEX "ix_polls_user_boss_id" ON "polls_user" ("boss_id");
CREATE TABLE "polls_vote" (
  "voter_id" INTEGER NOT NULL CONSTRAINT "fk_polls_vote_voter_id" REFERENCES "polls_user" ("id") ON DELETE CASCADE,
  "topic" TEXT NOT NULL CHECK (length("topic") <= 20),
  "rank" INTEGER NOT NULL,
  PRIMARY KEY ("voter_id", "topic")
) STRICT;
CREATE UNIQUE INDEX "uq_polls_vote_topic_rank" ON "polls_vote" ("topic", "rank");
CREATE INDEX "ix_polls_vote_rank" ON "polls_vote" ("rank");