CREATE TABLE `polls_user` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `email` VARCHAR(100) NOT NULL,
  `nick` VARCHAR(50) NOT NULL DEFAULT (convert(0x69742773205c using utf8mb4)),
  `essay` LONGTEXT NOT NULL DEFAULT ('') CHECK (char_length(`essay`) <= 5000),
  `bio` LONGTEXT NULL,
  `active` TINYINT(1) NOT NULL DEFAULT 1,
  `balance` DECIMAL(12, 2) NOT NULL DEFAULT -1.5,
  `ratio` DOUBLE NOT NULL DEFAULT 0.5,
  `big` BIGINT NOT NULL DEFAULT 5,
  `born` DATE NULL,
  `seen` DATETIME(3) NOT NULL DEFAULT '2020-02-29 01:02:03.004',
  `token` CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  `meta` JSON NOT NULL DEFAULT ('{"tags":["a''b"]}'),
  `avatar` LONGBLOB NOT NULL DEFAULT (x'00ff'),
  `kind` VARCHAR(64) NOT NULL DEFAULT 'staff' CHECK (`kind` IN ('staff', 'o''guest')),
  `boss_id` BIGINT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq_polls_user_email` (`email`),
  KEY `ix_polls_user_boss_id` (`boss_id`),
  CONSTRAINT `ck_polls_user_solvent` CHECK (`balance` >= -100.5),
  CONSTRAINT `ck_polls_user_nick` CHECK ((substr(`nick`, 1, char_length('x')) = 'x') IS NOT TRUE),
  CONSTRAINT `ck_polls_user_known` CHECK ((`bio` IS NOT NULL OR NOT (`nick` <=> 'nobody') OR `kind` IN ('staff') OR (char_length(`nick`) > 3 AND instr(`nick`, convert(0x5c using utf8mb4)) > 0 AND substr(`email`, char_length(`email`) - char_length('@x') + 1) = '@x'))),
  CONSTRAINT `fk_polls_user_boss_id` FOREIGN KEY (`boss_id`) REFERENCES `polls_user` (`id`) ON DELETE SET NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50700 utf8mb4_0900_bin */;
CREATE TABLE `polls_vote` (
  `voter_id` BIGINT NOT NULL,
  `topic` VARCHAR(20) NOT NULL,
  `rank` BIGINT NOT NULL,
  PRIMARY KEY (`voter_id`, `topic`),
  UNIQUE KEY `uq_polls_vote_topic_rank` (`topic`, `rank`),
  KEY `ix_polls_vote_rank` (`rank`),
  CONSTRAINT `fk_polls_vote_voter_id` FOREIGN KEY (`voter_id`) REFERENCES `polls_user` (`id`) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!50700 utf8mb4_0900_bin */;