using System.IO.Pipelines;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Tests.Relay;

public sealed class RelayGuardTests
{
    private static readonly TimeSpan s_silence = TimeSpan.FromMinutes(1);

    private readonly Pipe _pipe = new();
    private int _cuts;

    [Fact]
    public void Disposed_CutsNothingAnyMore()
    {
        using var gone = new CancellationTokenSource();
        var guard = Guard(gone.Token);
        guard.Dispose();
        gone.Cancel();
        guard.Cut(RelayEnd.EngineStalled);
        Assert.Equal((0, null), (_cuts, guard.Reason));
    }

    [Fact]
    public void CutBeforeItIsDisposed_IsStillTold()
    {
        using var gone = new CancellationTokenSource();
        var guard = Guard(gone.Token);
        gone.Cancel();
        guard.Dispose();
        Assert.Equal((1, RelayEnd.ClientGone), (_cuts, guard.Reason));
    }

    [Fact]
    public void TwoReasons_TheFirstCounts()
    {
        using var gone = new CancellationTokenSource();
        using var drained = new CancellationTokenSource();
        using var guard = Guard(gone.Token, drained.Token);
        drained.Cancel();
        gone.Cancel();
        Assert.Equal((1, RelayEnd.Drained), (_cuts, guard.Reason));
    }

    [Fact]
    public void GoneBeforeItBegan_CutsAtOnce()
    {
        using var guard = Guard(new CancellationToken(canceled: true));
        Assert.Equal((1, RelayEnd.ClientGone), (_cuts, guard.Reason));
    }

    private RelayGuard Guard(CancellationToken clientGone, CancellationToken drained = default)
    {
        var connection = new UpstreamConnection(new Duplex(_pipe.Reader, _pipe.Writer), () => _cuts++, () => default);
        return new RelayGuard(connection, s_silence, TimeProvider.System, clientGone, drained);
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
