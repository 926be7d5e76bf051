//! Intents that are open when a later one for the same device has succeeded.

use sqlx::AnyConnection;
use time::OffsetDateTime;

use crate::convert::{key, to_micros};
use crate::journal::{Intent, IntentId};

/// Closes what was open for the device before the intent `id`, which was carried out.
///
/// An older command may still be on its way. The entry that it is to add stays looked for, unless the later one added the
/// same: nobody could know otherwise that it is ours when it comes, and nothing would ever take it out.
pub(crate) async fn close_older(
    connection: &mut AnyConnection,
    organization: i64,
    (id, intent): (IntentId, &Intent),
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE journal SET outcome = 'superseded', settled = $1 WHERE organization = $2 AND id < $3 \
         AND mailbox = $4 AND LOWER(device) = $5 AND outcome IN ('pending', 'unknown') \
         AND (allow_edit <> 'add' OR allow_edit = $6) AND (block_edit <> 'add' OR block_edit = $7)",
    )
    .bind(to_micros(now))
    .bind(organization)
    .bind(id.0)
    .bind(intent.mailbox.0.to_string())
    .bind(key(&intent.device))
    .bind(intent.allow.name())
    .bind(intent.block.name())
    .execute(connection)
    .await
    .map(drop)
}
