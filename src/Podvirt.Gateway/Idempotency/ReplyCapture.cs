using System.Buffers;
using Podvirt.Gateway.Surfaces;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Idempotency;

/// <summary>What one plain reply consists of, up to a size, for its client's retries.</summary>
/// <param name="key">Under which it is kept.</param>
/// <param name="bodyHash">Of the request.</param>
/// <param name="keptFor">From its end.</param>
/// <param name="time">The clock.</param>
internal sealed class ReplyCapture(byte[] key, byte[] bodyHash, TimeSpan keptFor, TimeProvider time)
{
    /// <summary>What this gateway has of the others for it; null: there are none.</summary>
    public ReplyClaim? Claim { get; init; }

    /// <summary>A reply that is longer is not kept. A thousand embeddings of a thousand numbers are some ten times that.</summary>
    public const int BytesMax = 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _body = new();
    private string _contentType = "";
    private bool _isTooLong;

    /// <summary>Another replica begins from the start.</summary>
    public void Begin(string contentType)
    {
        _contentType = contentType;
        _body.ResetWrittenCount();
        _isTooLong = false;
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        _isTooLong |= _body.WrittenCount + bytes.Length > BytesMax;
        if (!_isTooLong)
        {
            _body.Write(bytes);
        }
    }

    /// <returns>Null: too long to be kept.</returns>
    public StoredReply? ToStored(Exchange exchange, int status) => _isTooLong
        ? null
        : new StoredReply(
            key, bodyHash, exchange.Id, status, _contentType, exchange.Replica?.Route.Id ?? "", _body.WrittenMemory, time.GetUtcNow() + keptFor);
}
