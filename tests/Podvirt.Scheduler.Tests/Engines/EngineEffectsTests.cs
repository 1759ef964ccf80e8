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
        effects.Probe(new EngineTarget("r1", 1, Make.Model("m", gib: 40, kind: EngineKind.Vllm), Make.Gpus(1, 80), engine.Address, "key", 1), wasTrouble: false);
        while (engine.Requests.Count == 0)
        {
            await Task.Yield();
        }
        await effects.DisposeAsync();
        Assert.False(events.Reader.TryRead(out _));
    }
}
