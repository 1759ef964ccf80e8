using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>One connection: what came of its next request, and what its peer has not taken yet.</summary>
internal sealed class EngineConnection(int descriptor)
{
    public int Descriptor { get; } = descriptor;

    /// <summary>The answer under way; one at a time, as HTTP/1.1 has it.</summary>
    public EngineStream? Stream { get; set; }

    public GrowingBuffer Incoming;

    public GrowingBuffer Outgoing;

    public bool IsOpen { get; set; } = true;

    /// <summary>Bytes given to the kernel for the answer under way.</summary>
    public long BytesSent { get; set; }

    /// <summary>The peer takes nothing at the moment: nothing is produced for it.</summary>
    public bool IsBlocked => !Outgoing.IsEmpty;
}
