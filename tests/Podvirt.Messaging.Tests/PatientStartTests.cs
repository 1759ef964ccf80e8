using Podvirt.Messaging.Tests.Nats;
using Podvirt.Testing.Nats;
using Podvirt.Testing.Net;

namespace Podvirt.Messaging.Tests;

public sealed class PatientStartTests
{
    private const int WaitsEvent = 3018;

    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(400);

    private readonly LogLines<PatientStart> _log = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task StoreThatFallsSilent_IsAskedUntilItAnswers()
    {
        await using var server = await NatsServer.StartAsync();
        await using var line = TcpProxy.To(server.Port);
        await using var client = NatsProcess.Connect($"nats://127.0.0.1:{line.Port}", s_short);
        await using var store = NatsProcess.OpenState(client);
        await NatsProcess.UntilAsync(() => WritesAsync(store), "the store was reached");
        line.Freeze();
        IReadOnlyList<StateEntry>? found = null;

        var start = new PatientStart(TimeProvider.System, _log).RunAsync(
            "what there is", async ended => found = await store.ListAsync("videos/", ended), Ended);
        await NatsProcess.UntilAsync(() => _log.Count(WaitsEvent) > 0, "the start waits");
        Assert.False(start.IsCompleted);

        line.Mend();
        await start;
        Assert.Equal("videos/1", Assert.Single(found!).Key);
        Assert.Contains("what there is", _log.All[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task HostThatStops_EndsTheWait()
    {
        using var stop = new CancellationTokenSource();
        var start = new PatientStart(TimeProvider.System, _log).RunAsync("all", _ => throw new IOException("silent"), stop.Token);
        await NatsProcess.UntilAsync(() => _log.Count(WaitsEvent) > 0, "the start waits");

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
    }

    [Fact]
    public async Task OtherFailures_EndTheStart() => await Assert.ThrowsAsync<InvalidOperationException>(
        () => new PatientStart(TimeProvider.System, _log).RunAsync("all", _ => throw new InvalidOperationException("wrong"), Ended));

    [Fact]
    public async Task ProcessAlone_FailsAtOnce() => await Assert.ThrowsAsync<IOException>(
        () => PatientStarts.RunOrWaitAsync(null, "all", _ => throw new IOException("the disk is damaged"), Ended));

    private static async Task<bool> WritesAsync(IStateStore store)
    {
        try
        {
            await store.PutAsync("videos/1", new byte[] { 1 }, Ended);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
