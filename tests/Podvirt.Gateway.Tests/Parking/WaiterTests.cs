using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Parking;

public sealed class WaiterTests
{
    [Fact]
    public async Task SignalBeforeTheWait_EndsItAtOnce()
    {
        var waiter = new Waiter();
        waiter.Signal(Signals.Clock);
        waiter.Signal(Signals.Arrived);
        var wait = waiter.WaitAsync();
        Assert.True(wait.IsCompletedSuccessfully);
        await wait;
        Assert.Equal(Signals.Clock | Signals.Arrived, waiter.Take());
        Assert.Equal(Signals.None, waiter.Take());
    }

    [Fact]
    public async Task SignalInPlace_ContinuesOnTheSameThread_SignalOnThePool()
    {
        var waiter = new Waiter();
        var thread = 0;
        var onPool = false;
        var flow = FlowAsync();
        var here = 0;
        var signalling = new Thread(() =>
        {
            here = Environment.CurrentManagedThreadId;
            waiter.SignalInPlace(Signals.Arrived);
        });
        signalling.Start();
        signalling.Join();
        Assert.Equal(here, thread);

        var other = new Thread(() => waiter.Signal(Signals.Clock));
        other.Start();
        await flow.Within();
        other.Join();
        Assert.True(onPool);

        async Task FlowAsync()
        {
            await waiter.WaitAsync();
            thread = Environment.CurrentManagedThreadId;
            waiter.Take();
            await waiter.WaitAsync();
            onPool = Thread.CurrentThread.IsThreadPoolThread;
        }
    }

    [Fact]
    public async Task SignalsFromManyThreads_NoneIsLostAndNoWaitEndsTwice()
    {
        const int Rounds = 2_000;
        var there = new Waiter();
        var back = new Waiter();
        var flow = Task.Run(async () =>
        {
            for (var seen = 0; seen < Rounds;)
            {
                await there.WaitAsync();
                var signals = there.Take();
                Assert.NotEqual(Signals.None, signals);
                if (signals.HasFlag(Signals.Arrived))
                {
                    seen++;
                    back.Signal(Signals.Arrived);
                }
            }
        });
        // On a thread of its own: the pool is everybody's.
        var noise = new Thread(() =>
        {
            while (!flow.IsCompleted)
            {
                there.Signal(Signals.Clock);
                back.Signal(Signals.Clock);
                Thread.Yield();
            }
        });
        noise.Start();
        var pingPong = Task.Run(async () =>
        {
            for (var sent = 0; sent < Rounds;)
            {
                there.Signal(Signals.Arrived);
                for (var isBack = false; !isBack;)
                {
                    await back.WaitAsync();
                    isBack = back.Take().HasFlag(Signals.Arrived);
                }
                sent++;
            }
        });
        await pingPong.Within(60);
        await flow.Within();
        noise.Join();
    }
}
