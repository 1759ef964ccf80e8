namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>An engine's script that sends events as fast as they are taken.</summary>
/// <param name="events">How many before the end; large ones, so that the sockets between are soon full.</param>
internal sealed class Flood(int events)
{
    public const int EventBytes = 10_000;

    private int _sent;

    /// <summary>Events that the sockets have taken; the last one's count is the same.</summary>
    public int Sent => Volatile.Read(ref _sent);

    public async Task RunAsync(FakeCall call)
    {
        await call.SendStreamHeadAsync();
        while (Sent < events)
        {
            await call.SendChunkAsync(Replies.Delta(new string('x', EventBytes), Sent + 1));
            Interlocked.Increment(ref _sent);
        }
        await call.SendChunkAsync(Replies.Done);
        await call.EndChunksAsync();
    }

    /// <summary>The same as one plain reply of as many bytes.</summary>
    public async Task RunPlainAsync(FakeCall call)
    {
        await call.SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {((long)events * EventBytes) + 2}\r\n\r\n\"");
        var piece = new string('x', EventBytes);
        while (Sent < events)
        {
            await call.SendAsync(piece);
            Interlocked.Increment(ref _sent);
        }
        await call.SendAsync("\"");
    }

    /// <summary>Waits until nothing more is taken.</summary>
    public async Task StopsAsync()
    {
        for (var before = -1; before <= 0 || before != Sent;)
        {
            before = Sent;
            await Task.Delay(Pauses.NothingHappens);
        }
    }
}
