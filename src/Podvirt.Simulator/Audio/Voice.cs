using System.Buffers.Binary;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Audio;

/// <summary>
/// Speaks text as tones: every letter has its own height and the same length, a blank is silence. 16-bit mono samples, so that what is heard is as long
/// as the text, and the same every time.
/// </summary>
internal sealed class Voice(string name, double speed)
{
    public const int SampleRate = 24_000;

    public const int HeaderBytes = 44;

    private const int BytesPerSample = 2;

    // As fast as people speak: about 16 letters a second.
    private const double SecondsPerLetter = 0.06;

    // Two octaves above the lowest voice.
    private const double HertzMin = 110;
    private const int Heights = 24;

    private const double Loudness = 0.3 * short.MaxValue;

    private readonly int _samplesPerLetter = (int)Math.Round(SampleRate * SecondsPerLetter / speed);
    private readonly ulong _voice = Chooser.Hash(name) % Heights;

    /// <summary>Bytes of sound that a text becomes.</summary>
    public int BytesOf(string text) => text.Length * _samplesPerLetter * BytesPerSample;

    public byte[] Speak(string text)
    {
        var sound = new byte[BytesOf(text)];
        for (var letter = 0; letter < text.Length; letter++)
        {
            Sing(text[letter], sound.AsSpan(letter * _samplesPerLetter * BytesPerSample, _samplesPerLetter * BytesPerSample));
        }

        return sound;
    }

    /// <summary>The head of a WAV file whose sound has so many bytes.</summary>
    public static byte[] Header(int soundBytes)
    {
        var header = new byte[HeaderBytes];
        var at = header.AsSpan();
        "RIFF"u8.CopyTo(at);
        BinaryPrimitives.WriteInt32LittleEndian(at[4..], HeaderBytes - 8 + soundBytes);
        "WAVEfmt "u8.CopyTo(at[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(at[16..], 16);
        BinaryPrimitives.WriteInt16LittleEndian(at[20..], 1);
        BinaryPrimitives.WriteInt16LittleEndian(at[22..], 1);
        BinaryPrimitives.WriteInt32LittleEndian(at[24..], SampleRate);
        BinaryPrimitives.WriteInt32LittleEndian(at[28..], SampleRate * BytesPerSample);
        BinaryPrimitives.WriteInt16LittleEndian(at[32..], BytesPerSample);
        BinaryPrimitives.WriteInt16LittleEndian(at[34..], BytesPerSample * 8);
        "data"u8.CopyTo(at[36..]);
        BinaryPrimitives.WriteInt32LittleEndian(at[40..], soundBytes);
        return header;
    }

    private void Sing(char letter, Span<byte> samples)
    {
        if (char.IsWhiteSpace(letter))
        {
            return;
        }

        var height = (char.ToLowerInvariant(letter) + _voice) % Heights;
        var hertz = HertzMin * Math.Pow(2, height / 12.0);
        for (var i = 0; i < _samplesPerLetter; i++)
        {
            // Swells and fades, so that letters do not click.
            var envelope = Math.Sin(Math.PI * i / _samplesPerLetter);
            var value = Loudness * envelope * Math.Sin(2 * Math.PI * hertz * i / SampleRate);
            BinaryPrimitives.WriteInt16LittleEndian(samples[(i * BytesPerSample)..], (short)value);
        }
    }
}
