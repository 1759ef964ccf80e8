using Microsoft.Extensions.Time.Testing;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Parking;

public sealed class WaitClockTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(Lot.Start);
    private readonly WaitClock _clock;

    public WaitClockTests() => _clock = new WaitClock(_time);

    public void Dispose() => _clock.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    [InlineData(1000)]
    [InlineData(2560)]
    [InlineData(600_000)]
    public void TimeComes_SignalsWithinATick_AndNotBefore(int milliseconds)
    {
        var waiter = new Waiter();
        _clock.Set(waiter, After(milliseconds));
        if (milliseconds > 0)
        {
            _time.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
            Assert.Equal(Signals.None, waiter.Take());
        }
        _time.Advance(WaitClock.TickTime + TimeSpan.FromMilliseconds(1));
        Assert.Equal(Signals.Clock, waiter.Take());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(Signals.None, waiter.Take());
        Assert.Equal(0, _clock.Count);
    }

    [Fact]
    public void ClearedInTime_IsNotSignalled()
    {
        var waiters = Enumerable.Range(0, 10).Select(_ => new Waiter()).ToArray();
        Array.ForEach(waiters, waiter => _clock.Set(waiter, After(1000)));
        foreach (var waiter in waiters.Where((_, i) => i % 3 == 0))
        {
            _clock.Clear(waiter);
            _clock.Clear(waiter);
        }
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.All(waiters.Select((waiter, i) => (Waiter: waiter, i)), w => Assert.Equal(w.i % 3 == 0 ? Signals.None : Signals.Clock, w.Waiter.Take()));
    }

    [Fact]
    public void SetAgain_TheLastTimeCounts()
    {
        var waiter = new Waiter();
        _clock.Set(waiter, After(1000));
        _clock.Set(waiter, After(3000));
        Assert.Equal(1, _clock.Count);
        _time.Advance(TimeSpan.FromMilliseconds(2900));
        Assert.Equal(Signals.None, waiter.Take());
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal(Signals.Clock, waiter.Take());
    }

    [Fact]
    public void TenThousandAtAnyTimes_EachIsSignalledOnceInItsTick()
    {
        var random = new Random(7);
        var waiters = Enumerable.Range(0, 10_000).Select(_ => (Waiter: new Waiter(), Due: random.Next(0, 10_000))).ToArray();
        foreach (var (waiter, due) in waiters)
        {
            _clock.Set(waiter, After(due));
        }
        Assert.Equal(10_000, _clock.Count);
        var signalled = 0;
        for (var now = 20; now <= 10_040; now += 20)
        {
            _time.Advance(TimeSpan.FromMilliseconds(20));
            foreach (var (waiter, due) in waiters)
            {
                if (waiter.Take() == Signals.Clock)
                {
                    signalled++;
                    Assert.InRange(now, due, due + 40);
                }
            }
        }
        Assert.Equal(10_000, signalled);
        Assert.Equal(0, _clock.Count);
    }

    [Fact]
    public void TimerWasLate_AllThatIsDueIsSignalled()
    {
        var waiters = Enumerable.Range(0, 1000).Select(i => (Waiter: new Waiter(), Due: i * 10)).ToArray();
        foreach (var (waiter, due) in waiters)
        {
            _clock.Set(waiter, After(due));
        }
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(500, waiters.Count(w => w.Waiter.Take() == Signals.Clock), 2.0);
    }

    [Fact]
    public void NobodyWaits_TimerStandsStill_AndStartsAgain()
    {
        var timers = new CountingTime();
        using var clock = new WaitClock(timers);
        timers.Fake.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, timers.Ticks);
        var waiter = new Waiter();
        clock.Set(waiter, timers.GetTimestamp());
        timers.Fake.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Signals.Clock, waiter.Take());
        Assert.InRange(timers.Ticks, 1, 3);
        timers.Fake.Advance(TimeSpan.FromMinutes(1));
        Assert.InRange(timers.Ticks, 1, 3);

        clock.Set(waiter, timers.GetTimestamp() + timers.TimestampFrequency);
        timers.Fake.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal(Signals.Clock, waiter.Take());
    }

    private long After(int milliseconds) => _time.GetTimestamp() + (_time.TimestampFrequency * milliseconds / 1000);

    private sealed class CountingTime : TimeProvider
    {
        public FakeTimeProvider Fake { get; } = new(Lot.Start);

        public int Ticks { get; private set; }

        public override long TimestampFrequency => Fake.TimestampFrequency;

        public override long GetTimestamp() => Fake.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => Fake.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => Fake.CreateTimer(
            s =>
            {
                Ticks++;
                callback(s);
            },
            state, dueTime, period);
    }
}
