using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Messages;
using Podvirt.Scheduler.Leadership;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Leadership;

public sealed class StraysTests : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new();
    private readonly FakeMachine _machine = new("http://127.0.0.1:1");
    private readonly CancellationTokenSource _ended = new();
    private readonly Strays _strays;
    private Task _running = Task.CompletedTask;

    public StraysTests() => _strays = new Strays(_machine, Mandate.Alone(1), _time, NullLogger.Instance);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended.Dispose();
    }

    [Fact]
    public async Task OneThatCannotEnd_HoldsUpNoOther()
    {
        _machine.Ending = (replica, token) => replica == "far" ? Task.Delay(Timeout.InfiniteTimeSpan, token) : Task.CompletedTask;
        Run("far", "near");
        await UntilStoppedAsync("near");

        _machine.Run("stray");
        _strays.Show(FleetReport.Empty);
        await UntilStoppedAsync("near", "stray");
    }

    [Fact]
    public async Task RemovalThatFails_IsTriedAgain()
    {
        var tries = 0;
        _machine.Ending = (_, _) => ++tries < 3 ? throw new IOException("the store is away") : Task.CompletedTask;
        Run("far");
        await UntilStoppedAsync("far");
        Assert.Equal(3, tries);
    }

    private void Run(params string[] unwanted) => _running = _strays.RunAsync(
        [.. unwanted.Select(replica => new RunningReplica(replica, "m", "", "", 0))], _ended.Token);

    private async Task UntilStoppedAsync(params string[] replicas)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!_machine.Stopped.ToArray().SequenceEqual(replicas))
        {
            _time.Advance(Look);
            await Task.Delay(TimeSpan.FromMilliseconds(5), limit.Token);
        }
    }
}
