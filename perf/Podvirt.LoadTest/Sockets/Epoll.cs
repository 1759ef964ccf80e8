using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Podvirt.LoadTest.Sockets;

/// <summary>Waits for many descriptors on one thread. What a descriptor is registered with comes back with its events.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int EventsMax = 512;

    // The kernel packs epoll_event on x86-64 only.
    private static readonly int s_dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int s_stride = s_dataOffset + 8;

    private readonly int _descriptor;
    private readonly byte* _events;

    public Epoll()
    {
        _descriptor = SocketFault.Check(Libc.CreateEpoll(0x80000), "epoll_create1");
        _events = (byte*)NativeMemory.AllocZeroed((nuint)(EventsMax * s_stride));
    }

    public void Add(int descriptor, int events, int token) => Control(Libc.Add, descriptor, events, token);

    public void Modify(int descriptor, int events, int token) => Control(Libc.Modify, descriptor, events, token);

    /// <summary>Waits at most <paramref name="nanoseconds"/>; returns how many descriptors have events.</summary>
    public int Wait(long nanoseconds)
    {
        var timeout = new Libc.TimeSpec { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
        var count = Libc.WaitEpoll(_descriptor, _events, EventsMax, &timeout, null);
        return count >= 0 ? count : Marshal.GetLastPInvokeError() == Libc.Interrupted ? 0 : throw SocketFault.Last("epoll_pwait2");
    }

    public int EventsOf(int index) => BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(_events + (index * s_stride), 4));

    public int TokenOf(int index) => BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(_events + (index * s_stride) + s_dataOffset, 4));

    public void Dispose()
    {
        _ = Libc.Close(_descriptor);
        NativeMemory.Free(_events);
    }

    private void Control(int operation, int descriptor, int events, int token)
    {
        var change = stackalloc byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(change, 4), events);
        BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(change + s_dataOffset, 8), token);
        _ = SocketFault.Check(Libc.ControlEpoll(_descriptor, operation, descriptor, change), "epoll_ctl");
    }
}
