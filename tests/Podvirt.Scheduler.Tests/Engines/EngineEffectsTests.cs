using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Engines;

public sealed class EngineEffectsTests
{
    [Fact]
    public async Task EndInTheMiddleOfAProbe_IsAnOrderlyEnd()
    {
        await using var engine = await FakeEngine.StartAsync();
        engine.Hangs = _ => true;
        var machine = new FakeMachine(engine.Address);
        using var client = new EngineClient();
        var steps = new EngineSteps(new SchedulerOptions(), machine, client, _ => machine, TimeProvider.System);
        var events = Channel.CreateUnbounded<SchedulerEvent>();
        var effects = new EngineEffects(steps, machine, new TestBus(), new TestStore(), events.Writer, NullLogger.Instance);
        effects.Probe(Target(engine.Address), wasTrouble: false);
        while (engine.Requests.Count == 0)
        {
            await Task.Yield();
        }
        await effects.DisposeAsync();
        Assert.False(events.Reader.TryRead(out _));
    }

    [Fact]
    public async Task ProbeThatThrows_HasAResult()
    {
        var machine = new FakeMachine("");
        using var client = new EngineClient();
        var steps = new EngineSteps(new SchedulerOptions(), machine, client, _ => machine, TimeProvider.System);
        var events = Channel.CreateUnbounded<SchedulerEvent>();
        await using var effects = new EngineEffects(steps, machine, new TestBus(), new TestStore(), events.Writer, NullLogger.Instance);
        effects.Probe(Target("no address"), wasTrouble: true);
        var probed = Assert.IsType<Probed>(await events.Reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal(("r1", 1, ProbeResult.Unhealthy, true, (int?)null), (probed.Replica, probed.Attempt, probed.Result, probed.WasTrouble, probed.Jobs));
        Assert.Contains("URI", probed.Detail, StringComparison.Ordinal);
    }

    private static EngineTarget Target(string address) => new("r1", 1, Make.Model("m", gib: 40, kind: EngineKind.Vllm), Make.Gpus(1, 80), address, "key", 1);
}
