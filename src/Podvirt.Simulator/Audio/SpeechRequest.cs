using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Audio;

/// <summary>How a reply comes.</summary>
internal enum SpeechDelivery
{
    /// <summary>In one body.</summary>
    Whole,

    /// <summary>As bytes, while they are made.</summary>
    Bytes,

    /// <summary>As events, while it is made.</summary>
    Events,
}

/// <summary>What is to be said, and how.</summary>
internal sealed record SpeechRequest(string? Model, string Input, string Voice, string Format, double Speed, SpeechDelivery Delivery)
{
    private const string Formats = "'wav' or 'pcm'";

    // Of those that a real engine writes, these two need no encoder.
    private static readonly string[] _encoded = ["flac", "mp3", "aac", "opus"];

    public bool IsWav => Format == "wav";

    /// <exception cref="RequestException">It is not, as vllm-omni checks it.</exception>
    public static SpeechRequest Read(Fields fields)
    {
        var input = Fields.TextOf(fields.Need("input"), "input");
        if (string.IsNullOrWhiteSpace(input))
        {
            throw RequestException.Bad("Input text cannot be empty", "input");
        }

        var format = fields.Text("response_format") ?? "wav";
        if (_encoded.Contains(format))
        {
            throw RequestException.Bad($"The simulated engine encodes no '{format}': response_format is {Formats}.", "response_format");
        }

        if (format is not ("wav" or "pcm"))
        {
            throw RequestException.Malformed($"Input should be {Formats}: response_format", "response_format");
        }

        var speed = fields.Number("speed") ?? 1;
        if (speed is < 0.25 or > 4)
        {
            throw RequestException.Malformed("Input should be from 0.25 to 4: speed", "speed");
        }

        var delivery = fields.Text("stream_format") switch
        {
            null => fields.Flag("stream") ? SpeechDelivery.Events : SpeechDelivery.Whole,
            "sse" => SpeechDelivery.Events,
            "audio" => SpeechDelivery.Bytes,
            _ => throw RequestException.Malformed("Input should be 'sse' or 'audio': stream_format", "stream_format"),
        };
        if (delivery != SpeechDelivery.Whole && speed != 1)
        {
            throw RequestException.Malformed("Speed adjustment is not supported when streaming. Set speed=1.0 or omit it.", "speed");
        }

        return new SpeechRequest(fields.Text("model"), input, fields.Text("voice") ?? fields.Text("speaker") ?? "", format, speed, delivery);
    }
}
