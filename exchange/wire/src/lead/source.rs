//! `source`: where the lead came from.

use exchange_types::SourceKey;

use super::BodyReader;
use super::findings::Path;
use crate::json::JsonError;

const OBJECT: &str = "source";
/// Bytes of a URL or user agent: what browsers send without trouble.
const URL_BYTES_MAX: usize = 2_048;
/// Bytes of the name of a campaign, keyword, device and so on.
const NAME_BYTES_MAX: usize = 256;
/// Bytes of the channel, which goes into every ping.
const CHANNEL_BYTES_MAX: usize = 64;

impl BodyReader<'_, '_> {
    pub(super) fn read_source(&mut self) -> Result<(), JsonError> {
        let Some(mut members) = self.object(OBJECT)? else { return Ok(()) };
        while let Some(name) = self.reader.next_member(&mut members)? {
            let path = Path::In(OBJECT, &name);
            if name == "session_ms" {
                let number = self.whole_number(path, 0..=u64::from(u32::MAX))?;
                self.out.session_ms = number.and_then(|number| number.try_into().ok());
            } else if let Some(&(key, _)) = SourceKey::ALL.iter().find(|(_, known)| *known == name) {
                if let Some(text) = self.text(path, bytes_max(key))? {
                    self.out.set_source(key, &text);
                }
            } else {
                self.refuse_key(path)?;
            }
        }
        Ok(())
    }
}

const fn bytes_max(key: SourceKey) -> usize {
    match key {
        SourceKey::Url | SourceKey::Referrer | SourceKey::UserAgent => URL_BYTES_MAX,
        SourceKey::Channel => CHANNEL_BYTES_MAX,
        SourceKey::Ip
        | SourceKey::Campaign
        | SourceKey::Creative
        | SourceKey::Keyword
        | SourceKey::Placement
        | SourceKey::Device => NAME_BYTES_MAX,
    }
}
