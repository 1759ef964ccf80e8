using System.Buffers;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Event streams whose events say their type. They begin before the model has answered anything: that much is held back, so that another
/// replica can still take over, as it can on chat.
/// </summary>
internal abstract class TypedEditor(Exchange exchange, ClientReply reply) : EventEditor(exchange, reply)
{
    // Events at the beginning and the end may repeat the request, instructions and tools included: twice a body of the default limit.
    private const int HeldBytesMax = 64 * 1024 * 1024;

    private ArrayBufferWriter<byte>? _held;
    private bool _hasBegun;

    public override bool AwaitsOutput => !_hasBegun;

    public override int EventBytesMax => HeldBytesMax;

    /// <summary>Keeps an event back until there is another that is handed on.</summary>
    protected void HoldBeginning(ReadOnlySpan<byte> sseEvent)
    {
        if (_hasBegun)
        {
            Forward(sseEvent);
            return;
        }
        _held ??= new ArrayBufferWriter<byte>(Math.Max(sseEvent.Length * 2, 1024));
        _held.Write(sseEvent);
    }

    protected override void Begin()
    {
        base.Begin();
        _hasBegun = true;
        if (_held is { } held)
        {
            _held = null;
            Reply.Writer.Write(held.WrittenSpan);
        }
    }

    /// <summary>The engine gave up what it had begun.</summary>
    protected void GiveUp() => End = HasForwarded ? RelayEnd.EngineAborted : RelayEnd.EngineDied;
}
