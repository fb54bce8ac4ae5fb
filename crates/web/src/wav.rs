//! Recordings as WAV: 16-bit mono, which every browser and phone plays without a codec of its own.

/// Samples per second. Enough for speech, and 32 KB for a second.
pub const RATE: u32 = 16_000;

/// A WAV file of samples from -1 to 1.
pub fn encode(samples: &[f32]) -> Vec<u8> {
    const BYTES_PER_SAMPLE: u32 = 2;
    let data_bytes = u32::try_from(samples.len()).unwrap_or(u32::MAX / 4) * BYTES_PER_SAMPLE;
    let mut file = Vec::with_capacity(44 + data_bytes as usize);
    file.extend(b"RIFF");
    file.extend((36 + data_bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * BYTES_PER_SAMPLE).to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(data_bytes.to_le_bytes());
    for sample in samples {
        let value = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
        file.extend(value.to_le_bytes());
    }
    file
}

/// How loud it is over its length, from 0 to 1, in so many parts; the loudest part is 1 unless all is silent.
pub fn waveform(samples: &[f32], parts: usize) -> Vec<f32> {
    if samples.is_empty() || parts == 0 {
        return Vec::new();
    }
    let part = samples.len().div_ceil(parts);
    let loud: Vec<f32> = samples
        .chunks(part)
        .map(|chunk| {
            let power: f32 = chunk.iter().map(|sample| sample * sample).sum();
            (power / chunk.len() as f32).sqrt()
        })
        .collect();
    let loudest = loud.iter().copied().fold(0.0_f32, f32::max);
    if loudest < 0.001 {
        return loud.iter().map(|_| 0.0).collect();
    }
    loud.iter().map(|value| value / loudest).collect()
}

/// `1:05`, as it stands beside a recording.
pub fn length(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_how_long_it_is_and_holds_every_sample() {
        let file = encode(&[0.0, 1.0, -1.0, 7.0]);
        assert_eq!(file.len(), 44 + 8);
        assert_eq!(&file[..4], b"RIFF");
        assert_eq!(u32::from_le_bytes(file[40..44].try_into().unwrap()), 8);
        let sample = |at: usize| i16::from_le_bytes(file[44 + at * 2..][..2].try_into().unwrap());
        assert_eq!([sample(0), sample(1), sample(2), sample(3)], [0, 32767, -32767, 32767]);
    }

    #[test]
    fn the_loudest_part_reaches_the_top_and_silence_stays_at_the_bottom() {
        let samples: Vec<f32> = (0..100).map(|n| if n < 50 { 0.1 } else { 0.2 }).collect();
        let wave = waveform(&samples, 10);
        assert_eq!(wave.len(), 10);
        assert!((wave[0] - 0.5).abs() < 0.01 && (wave[9] - 1.0).abs() < 0.01);
        assert!(waveform(&[0.0; 50], 5).iter().all(|value| *value == 0.0));
        assert!(waveform(&[], 5).is_empty());
    }

    #[test]
    fn lengths_are_minutes_and_seconds() {
        assert_eq!([length(0), length(900), length(65_000)], ["0:00", "0:01", "1:05"]);
    }
}
