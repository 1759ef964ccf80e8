using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Transport;

/// <summary>The input of a socket on an event loop. Its reader continues on the loop's thread.</summary>
internal sealed class LoopInput(LoopSocket socket) : BufferedInput
{
    protected override bool MayStillBeWritten => false;

    protected override bool TryReceive(out int bytes)
    {
        while (!socket.TryWaitReadable())
        {
            if (TryReceiveNow(out bytes))
            {
                return true;
            }
        }
        bytes = 0;
        return false;
    }

    protected override bool MayHaveMore() => socket.MayBeReadable;

    protected override bool TryReceiveNow(out int bytes)
    {
        bytes = socket.Receive(Room.Span);
        return bytes switch
        {
            >= 0 => true,
            -Libc.Again => false,
            _ => throw SystemFault.OfConnection(-bytes),
        };
    }

    /// <summary>The socket's: a read that waits may go on.</summary>
    public void OnReadable()
    {
        int bytes;
        try
        {
            if (!TryReceive(out bytes))
            {
                return;
            }
        }
        catch (IOException e)
        {
            Fail(e);
            return;
        }
        Finish(bytes);
    }
}
