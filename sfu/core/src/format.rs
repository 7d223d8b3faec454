//! Payload formats that are forwarded.

use str0m::format::Codec;

/// Makes `Format` and what each format is, so that no list can leave one out.
macro_rules! formats {
    (
        audio { $($audio:ident: $audio_codec:path, $audio_mime:literal, $audio_rate:literal;)+ }
        video { $($video:ident: $video_codec:path, $video_mime:literal, $video_rate:literal;)+ }
    ) => {
        /// Payload formats that are forwarded.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Format {
            $($audio,)+
            $($video,)+
        }

        impl Format {
            /// In the order in which they are tried where a client's codecs are all that is known.
            pub const ALL: [Self; [$($audio_mime,)+ $($video_mime),+].len()] =
                [$(Self::$audio,)+ $(Self::$video),+];

            pub fn of(codec: Codec) -> Option<Self> {
                match codec {
                    $($audio_codec => Some(Self::$audio),)+
                    $($video_codec => Some(Self::$video),)+
                    _ => None,
                }
            }

            pub fn mime(self) -> &'static str {
                match self {
                    $(Self::$audio => $audio_mime,)+
                    $(Self::$video => $video_mime,)+
                }
            }

            /// Ticks of RTP timestamps per second.
            pub fn clock_rate(self) -> u32 {
                match self {
                    $(Self::$audio => $audio_rate,)+
                    $(Self::$video => $video_rate,)+
                }
            }

            pub fn is_audio(self) -> bool {
                matches!(self, $(Self::$audio)|+)
            }
        }
    };
}

formats! {
    audio {
        Opus: Codec::Opus, "audio/opus", 48_000;
        Pcmu: Codec::PCMU, "audio/PCMU", 8_000;
        Pcma: Codec::PCMA, "audio/PCMA", 8_000;
    }
    video {
        Vp8: Codec::Vp8, "video/VP8", 90_000;
        H264: Codec::H264, "video/H264", 90_000;
        Vp9: Codec::Vp9, "video/VP9", 90_000;
        Av1: Codec::Av1, "video/AV1", 90_000;
    }
}

impl Format {
    /// By the name of its MIME type, or the second half of that, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let is_meant = |format: &Self| {
            let mime = format.mime();
            let short = mime.split_once('/').map_or(mime, |(_, short)| short);
            name.eq_ignore_ascii_case(mime) || name.eq_ignore_ascii_case(short)
        };
        Self::ALL.into_iter().find(is_meant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_name() {
        assert!(Format::ALL.into_iter().all(|format| format.is_audio() == format.mime().starts_with("audio/")));
        assert!(Format::ALL.into_iter().all(|format| Format::named(format.mime()) == Some(format)));
        assert_eq!(Format::named("h264"), Some(Format::H264));
        assert_eq!([Format::named(""), Format::named("video/"), Format::named("theora")], [None; 3]);
    }
}
