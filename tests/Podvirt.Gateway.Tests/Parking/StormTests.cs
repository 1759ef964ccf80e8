using System.Collections.Concurrent;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Parking;

/// <summary>Everything that can happen to those who wait, at the same time and in any order; then the books are checked.</summary>
public sealed class StormTests
{
    private const int Threads = 4;
    private const int StepsEach = 3_000;

    private readonly ITestOutputHelper _output;

    public StormTests(ITestOutputHelper output) => _output = output;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task ParkCancelTimeOutGrantFinishAndLoss_InAnyOrder_EveryPlaceIsAccountedFor(int seed)
    {
        _output.WriteLine($"seed {seed}");
        using var lot = new Lot(configure: options =>
        {
            options.ParkedRequestsMax = 300;
            options.ParkedBytesMax = 64 * 1024;
            options.ParkedTimeMax = TimeSpan.FromSeconds(5);
        });
        var calls = new ConcurrentBag<LotCall>();
        var running = new ConcurrentBag<Lease>();
        var finishing = new ConcurrentBag<Task>();
        var threads = Enumerable.Range(0, Threads).Select(number => Task.Run(() => PlayAsync(lot, new Random((seed * 100) + number), calls, running, finishing)));
        await Task.WhenAll(threads).Within(60);

        // The end of it all: a model that serves, and everybody finishes.
        lot.Dispatcher.Update(Lot.Active(replicas: 2, slots: 8));
        await Eventually.TrueAsync(
            () =>
            {
                while (running.TryTake(out var lease))
                {
                    lease.Dispose();
                }
                lot.Time.Advance(TimeSpan.FromMilliseconds(20));
                lot.Dispatcher.Tick();
                return finishing.All(task => task.IsCompleted) && running.IsEmpty;
            },
            "everybody has an outcome");
        var results = await Task.WhenAll(calls.Select(call => call.Result));

        var (counts, waiting, bytes) = lot.Dispatcher.GetParking();
        Assert.Equal((0, 0L), (waiting, bytes));
        var loads = new List<Podvirt.Core.Messages.ReplicaLoad>();
        Assert.Equal(0, lot.Dispatcher.GetDemand(loads).InFlight);
        Assert.Empty(loads);
        Assert.Equal(0, lot.Clock.Count);
        Assert.Equal(counts.Came, counts.Granted + counts.Left + counts.TimedOut + counts.Refused);

        // What the callers saw is what was counted. A client that left in the moment of its grant was granted.
        var gone = results.Count(result => result.ClientGone);
        Assert.Equal(results.Length, gone + results.Count(result => result.Lease is not null) + results.Count(result => result.Error is not null));
        Assert.Equal(counts.TurnedAway, results.Count(result => result.Error?.Code == "rate_limit_exceeded"));
        Assert.Equal(counts.TimedOut, results.Count(result => result.Error?.Code == "model_warming_timeout"));
        Assert.InRange(counts.Left, 0, gone);
        _output.WriteLine($"{counts}");
        Assert.True(
            counts is { Granted: > 10, Left: > 10, TimedOut: > 0, Refused: > 10, TurnedAway: > 0 },
            "The storm has to have all kinds of weather.");
    }

    private static async Task PlayAsync(Lot lot, Random random, ConcurrentBag<LotCall> calls, ConcurrentBag<Lease> running, ConcurrentBag<Task> finishing)
    {
        var mine = new List<LotCall>();
        for (var step = 0; step < StepsEach; step++)
        {
            // Between the others' steps those who wait get theirs.
            await Task.Yield();
            switch (random.Next(100))
            {
                case < 50:
                    var call = lot.Call(
                        stream: random.Next(2) == 0, project: $"p{random.Next(3)}", key: $"k{random.Next(3)}", session: (ulong)random.Next(50),
                        maxWait: random.Next(4) == 0 ? TimeSpan.FromMilliseconds(random.Next(1, 3000)) : null,
                        bytes: random.Next(1, 2000), avoid: random.Next(10) == 0 ? ["m-0"] : []);
                    calls.Add(call);
                    mine.Add(call);
                    finishing.Add(KeepAsync(call, running));
                    break;
                case < 65:
                    mine.RemoveAll(waiting => waiting.Result.IsCompleted);
                    if (mine.Count > 0)
                    {
                        mine[random.Next(mine.Count)].Leave();
                    }
                    break;
                case < 87:
                    if (running.TryTake(out var lease))
                    {
                        if (random.Next(20) == 0)
                        {
                            lot.Dispatcher.Suspend(lease.Replica);
                        }
                        lease.Dispose();
                    }
                    break;
                case < 95:
                    lot.Time.Advance(TimeSpan.FromMilliseconds(random.Next(1, 300)));
                    lot.Dispatcher.Tick();
                    break;
                case < 97:
                    lot.Dispatcher.Update(Lot.Active(replicas: random.Next(0, 4), slots: random.Next(1, 20)));
                    break;
                case < 99:
                    lot.Dispatcher.Update(Routes.Cold("m"));
                    break;
                default:
                    if (random.Next(4) == 0)
                    {
                        lot.Dispatcher.Update(Routes.Failed("m", "model_start_failed", "It broke.", lot.Time.GetUtcNow().AddMilliseconds(50)));
                    }
                    break;
            }
        }
    }

    private static async Task KeepAsync(LotCall call, ConcurrentBag<Lease> running)
    {
        if ((await call.Result).Lease is { } lease)
        {
            running.Add(lease);
        }
    }
}
