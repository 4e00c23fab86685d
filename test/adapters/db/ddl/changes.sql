-- add column: sqlite
ALTER TABLE "vote" ADD COLUMN "note" TEXT NOT NULL DEFAULT '-' CHECK (length("note") <= 9)
-- and back
ALTER TABLE "vote" DROP COLUMN "note"

-- add column: postgres
ALTER TABLE "vote" ADD COLUMN "note" varchar(9) COLLATE "C" NOT NULL DEFAULT '-'
-- and back
ALTER TABLE "vote" DROP COLUMN "note"

-- add column: mysql
ALTER TABLE `vote` ADD COLUMN `note` VARCHAR(9) NOT NULL DEFAULT '-'
-- and back
ALTER TABLE `vote` DROP COLUMN `note`

-- add foreign key: sqlite
ALTER TABLE "vote" ADD COLUMN "by_id" INTEGER NULL CONSTRAINT "fk_vote_by_id" REFERENCES "user" ("id") ON DELETE NO ACTION
CREATE UNIQUE INDEX "uq_vote_by_id_rank" ON "vote" ("by_id", "rank")
CREATE INDEX "ix_vote_rank_by_id" ON "vote" ("rank", "by_id")
-- and back
DROP INDEX "ix_vote_rank_by_id"
DROP INDEX "uq_vote_by_id_rank"
ALTER TABLE "vote" DROP COLUMN "by_id"

-- add foreign key: postgres
ALTER TABLE "vote" ADD COLUMN "by_id" bigint NULL CONSTRAINT "fk_vote_by_id" REFERENCES "user" ("id") ON DELETE NO ACTION, ADD CONSTRAINT "uq_vote_by_id_rank" UNIQUE ("by_id", "rank")
CREATE INDEX "ix_vote_rank_by_id" ON "vote" ("rank", "by_id")
-- and back
ALTER TABLE "vote" DROP COLUMN "by_id"

-- add foreign key: mysql
ALTER TABLE `vote` ADD COLUMN `by_id` BIGINT NULL, ADD UNIQUE KEY `uq_vote_by_id_rank` (`by_id`, `rank`), ADD KEY `ix_vote_rank_by_id` (`rank`, `by_id`), ADD CONSTRAINT `fk_vote_by_id` FOREIGN KEY (`by_id`) REFERENCES `user` (`id`) ON DELETE NO ACTION
-- and back
ALTER TABLE `vote` DROP FOREIGN KEY `fk_vote_by_id`, DROP INDEX `ix_vote_rank_by_id`, DROP INDEX `uq_vote_by_id_rank`, DROP COLUMN `by_id`

-- add unique: sqlite
CREATE UNIQUE INDEX "uq_vote_rank" ON "vote" ("rank")
-- and back
DROP INDEX "uq_vote_rank"

-- add unique: postgres
ALTER TABLE "vote" ADD CONSTRAINT "uq_vote_rank" UNIQUE ("rank")
-- and back
ALTER TABLE "vote" DROP CONSTRAINT "uq_vote_rank"

-- add unique: mysql
ALTER TABLE `vote` ADD UNIQUE KEY `uq_vote_rank` (`rank`)
-- and back
ALTER TABLE `vote` DROP INDEX `uq_vote_rank`

-- add index: sqlite
CREATE INDEX "ix_vote_rank" ON "vote" ("rank")
-- and back
DROP INDEX "ix_vote_rank"

-- add index: postgres
CREATE INDEX "ix_vote_rank" ON "vote" ("rank")
-- and back
DROP INDEX "ix_vote_rank"

-- add index: mysql
ALTER TABLE `vote` ADD KEY `ix_vote_rank` (`rank`)
-- and back
ALTER TABLE `vote` DROP INDEX `ix_vote_rank`
