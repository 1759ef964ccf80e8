using System.Runtime.InteropServices;
using Podvirt.Core.Http;

namespace Podvirt.Gateway.Upstream;

/// <summary>Takes the framing off a response body, in place.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct UpstreamBody
{
    private readonly BodyFraming _framing;
    private ChunkedDecoder _chunks;
    private long _remaining;

    public UpstreamBody(in ResponseHead head)
    {
        _framing = head.Framing;
        _remaining = head.ContentLength;
    }

    /// <summary>All of the body was there. Never true for a close-delimited one: its end is the connection's.</summary>
    public readonly bool IsComplete => _framing switch
    {
        BodyFraming.None => true,
        BodyFraming.ContentLength => _remaining == 0,
        BodyFraming.Chunked => _chunks.IsComplete,
        _ => false,
    };

    public readonly bool IsMalformed => _framing == BodyFraming.Chunked && _chunks.IsMalformed;

    /// <summary>The end of the connection is the body's proper end.</summary>
    public readonly bool EndsWithConnection => _framing == BodyFraming.CloseDelimited;

    /// <summary>Hands out the next slice of payload; false when the input is used up or the body has ended.</summary>
    public bool TryRead(ref ReadOnlySpan<byte> input, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (_framing == BodyFraming.Chunked)
        {
            return _chunks.TryRead(ref input, out payload);
        }
        var take = _framing switch
        {
            BodyFraming.ContentLength => (int)Math.Min(_remaining, input.Length),
            BodyFraming.CloseDelimited => input.Length,
            _ => 0,
        };
        payload = input[..take];
        input = input[take..];
        _remaining -= take;
        return take > 0;
    }
}
