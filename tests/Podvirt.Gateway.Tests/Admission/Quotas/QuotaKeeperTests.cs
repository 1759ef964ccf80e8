using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Admission.Quotas;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Admission.Quotas;

/// <summary>One key and one project at several gateways.</summary>
public sealed class QuotaKeeperTests : IDisposable
{
    private const int Estimate = LimitedGateway.Estimate;

    private readonly OneStore _shared = new();
    private readonly List<LimitedGateway> _gateways = [];

    public void Dispose()
    {
        _gateways.ForEach(gateway => gateway.Dispose());
        _shared.Dispose();
    }

    [Fact]
    public async Task OrdinaryRequest_CallsNoStore()
    {
        var store = new CountedStore(_shared.Store);
        var gateway = Join(store);
        gateway.Limit(tokensPerMonth: 1_000_000, requestsPerMinute: 6000, tokensPerMinute: 6_000_000, budgetPico: 1_000_000);
        gateway.Settle(await gateway.AdmittedAsync(), 30);
        await gateway.TickAsync();
        var calls = store.Calls;
        Assert.True(calls > 0);
        Assert.Null(gateway.Admit(out var reservation));
        gateway.Settle(reservation!, 30);
        Assert.Equal(calls, store.Calls);
    }

    [Fact]
    public async Task GatewaysTogether_UseTheWholeMonthsLimitAndNoMore()
    {
        const int Limit = 100 * Estimate;
        var gateways = new[] { Join(), Join(), Join() };
        Array.ForEach(gateways, gateway => gateway.Limit(tokensPerMonth: Limit));
        var used = 0;
        var refusals = 0;
        for (var i = 0; refusals < 30; i++)
        {
            var gateway = gateways[i * 7 % 3];
            var (reservation, error) = await gateway.TryAsync();
            if (error is null)
            {
                gateway.Settle(reservation!, Estimate);
                used += Estimate;
            }
            else
            {
                refusals++;
                _shared.Clock.Advance(TimeSpan.FromSeconds(1));
                await Task.WhenAll(gateways.Select(g => g.TickAsync()));
            }
        }
        Assert.Equal(Limit, used);
        var last = (await gateways[0].TryAsync()).Error!;
        Assert.Equal("insufficient_quota", last.Code);
        Assert.Contains($"{Limit} tokens of `m` a month, of which {Limit} are used", last.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// However gateways come, go without a word, and are taken for gone, together they use no more than the limit and one chunk for
    /// each time that one was lost.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(20261127)]
    public async Task GatewaysKilledAtRandom_OvershootIsAtMostAChunkForEach(int seed)
    {
        const long Limit = 64_000;
        var random = new Random(seed);
        var running = new List<(LimitedGateway Gateway, Reservation Reservation)>();
        long used = 0;
        var lost = 0;
        long lostChunks = 0;
        for (var step = 0; step < 4000; step++)
        {
            while (_gateways.Count < 4)
            {
                Join().Limit(tokensPerMonth: Limit);
            }
            var gateway = _gateways[random.Next(_gateways.Count)];
            switch (random.Next(20))
            {
                case < 9 when running.Count < 60:
                    if ((await gateway.TryAsync()).Reservation is { } reservation)
                    {
                        running.Add((gateway, reservation));
                    }
                    break;
                case < 17 when running.Count > 0:
                    var at = random.Next(running.Count);
                    var tokens = random.Next(1, Estimate + 1);
                    running[at].Gateway.Settle(running[at].Reservation, tokens);
                    used += tokens;
                    running.RemoveAt(at);
                    break;
                case 17 when random.Next(4) == 0 && used < Limit / 2:
                    // Its requests end with it; what they had used is on the ledger all the same.
                    foreach (var (_, killed) in running.Where(r => r.Gateway == gateway))
                    {
                        used += random.Next(1, Estimate + 1);
                    }
                    running.RemoveAll(r => r.Gateway == gateway);
                    lost++;
                    lostChunks += await ChunkOfAsync(gateway);
                    _gateways.Remove(gateway);
                    gateway.Dispose();
                    break;
                default:
                    _shared.Clock.Advance(TimeSpan.FromMilliseconds(200));
                    await Task.WhenAll(_gateways.Select(g => g.TickAsync()));
                    break;
            }
        }
        Assert.True(lost > 2, $"{lost} were lost");
        Assert.InRange(used, Limit - 1000, Limit + lostChunks);
    }

    [Fact]
    public async Task ManyRequests_TheirChunkIsBounded()
    {
        var gateway = Join();
        gateway.Limit(tokensPerMonth: 3_200_000);
        for (var i = 0; i < 3000; i++)
        {
            gateway.Settle(await gateway.AdmittedAsync(), Estimate);
        }
        Assert.InRange(await ChunkOfAsync(gateway), 1000, (long)ChunkSize.Max(3_200_000) + Estimate);
    }

    [Fact]
    public async Task GatewayWithoutCalls_GivesItsChunksBack()
    {
        var gateway = Join();
        gateway.Limit(tokensPerMonth: 32_000, requestsPerMinute: 320);
        gateway.Settle(await gateway.AdmittedAsync(), 30);
        Assert.True(await ChunkOfAsync(gateway) > 0);
        for (var i = 0; i < 8; i++)
        {
            _shared.Clock.Advance(TimeSpan.FromSeconds(1));
            await gateway.TickAsync();
        }
        Assert.Equal(0, await ChunkOfAsync(gateway));
        var meter = (await ReadAsync(QuotaRecord.KeyOf("p"))).Meters["tokens/m"];
        Assert.Equal(30, (long)meter.Used);
        Assert.Equal(320, (await ReadAsync(QuotaRecord.KeyOf("p", "k"))).Rates["requests"].FilledTo(320, _shared.Clock.GetUtcNow().UtcTicks).Units);
    }

    [Fact]
    public async Task GatewayIsGone_ItsChunkIsFreeOnceItsMembershipEnds()
    {
        var (first, second) = (Join(), Join());
        first.Limit(tokensPerMonth: Estimate);
        second.Limit(tokensPerMonth: Estimate);
        await first.AdmittedAsync();
        var held = (await second.TryAsync()).Error!;
        Assert.Equal("rate_limit_exceeded", held.Code);
        Assert.NotNull(held.RetryAfter);

        _gateways.Remove(first);
        first.Dispose();
        for (var i = 0; i < 6; i++)
        {
            Assert.NotNull((await second.TryAsync()).Error);
            _shared.Clock.Advance(TimeSpan.FromSeconds(1));
            await second.TickAsync();
        }
        await second.AdmittedAsync();
    }

    [Fact]
    public async Task WriteWhoseAnswerIsLost_CountsOnce()
    {
        var store = new CountedStore(_shared.Store);
        var gateway = Join(store);
        gateway.Limit(tokensPerMonth: 32_000);
        gateway.Settle(await gateway.AdmittedAsync(), 70);
        _shared.Clock.Advance(TimeSpan.FromSeconds(3));
        store.LosesNextAnswer = true;
        await Assert.ThrowsAsync<IOException>(() => gateway.TickAsync());
        for (var i = 0; i < 4; i++)
        {
            _shared.Clock.Advance(TimeSpan.FromSeconds(3));
            await gateway.TickAsync();
        }
        Assert.Equal(70, (long)(await ReadAsync(QuotaRecord.KeyOf("p"))).Meters["tokens/m"].Used);
    }

    [Fact]
    public async Task TakenForGone_AndBack_CountsOnce()
    {
        var (paused, other) = (Join(), Join());
        paused.Limit(tokensPerMonth: 32_000);
        other.Limit(tokensPerMonth: 32_000);
        paused.Settle(await paused.AdmittedAsync(), 70);
        other.Settle(await other.AdmittedAsync(), 5);
        for (var i = 0; i < 3; i++)
        {
            _shared.Clock.Advance(TimeSpan.FromSeconds(3));
            await (i == 0 ? Task.WhenAll(paused.TickAsync(), other.TickAsync()) : other.TickAsync());
        }
        other.Settle(await other.AdmittedAsync(), 5);
        await other.Keeper.WorkAsync(CancellationToken.None);
        _shared.Clock.Advance(TimeSpan.FromSeconds(3));
        await other.TickAsync();
        Assert.DoesNotContain(paused.Membership.Id, (await ReadAsync(QuotaRecord.KeyOf("p"))).Meters["tokens/m"].Shares.Keys);

        await paused.TickAsync();
        paused.Settle(await paused.AdmittedAsync(), 20);
        for (var i = 0; i < 4; i++)
        {
            _shared.Clock.Advance(TimeSpan.FromSeconds(3));
            await Task.WhenAll(paused.TickAsync(), other.TickAsync());
        }
        Assert.Equal(100, (long)(await ReadAsync(QuotaRecord.KeyOf("p"))).Meters["tokens/m"].Used);
    }

    [Fact]
    public async Task LimitThatIsNew_KnowsWhatTheMonthHasUsed()
    {
        var books = new FakeBooks();
        books.Used[UtcMonth.Of(_shared.Clock.GetUtcNow())] = [new Consumed("p", "k", "m", 950, 0, new Cost(10)), new Consumed("other", "k", "m", 7000, 0, Cost.Zero)];
        var gateway = Join(books: books);
        gateway.Limit(tokensPerMonth: 1000);
        var error = (await gateway.TryAsync()).Error!;
        Assert.Equal("insufficient_quota", error.Code);
        Assert.Contains("of which 950 are used", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MonthEnds_TheNextBeginsWithNothingUsed()
    {
        _shared.Clock.AdjustTime(new DateTimeOffset(2032, 2, 29, 23, 59, 50, TimeSpan.Zero));
        var gateway = Join();
        gateway.Limit(tokensPerMonth: Estimate);
        gateway.Settle(await gateway.AdmittedAsync(), Estimate);
        Assert.Equal("insufficient_quota", (await gateway.TryAsync()).Error!.Code);
        for (var i = 0; i < 5; i++)
        {
            _shared.Clock.Advance(TimeSpan.FromSeconds(2));
            await gateway.TickAsync();
        }
        await gateway.AdmittedAsync();
        Assert.Equal("2032-03", (await ReadAsync(QuotaRecord.KeyOf("p"))).Month);
    }

    /// <summary>A minute's rate at several gateways: what is admitted within any minute is what one gateway would, and what lay in chunks when it began.</summary>
    [Theory]
    [InlineData(60)]
    [InlineData(600)]
    public async Task RatesOfAllGateways_AddUp(int limit)
    {
        var gateways = new[] { Join(), Join(), Join() };
        Array.ForEach(gateways, gateway => gateway.Limit(requestsPerMinute: limit));
        var random = new Random(limit);
        var admitted = new Queue<TimeSpan>();
        var total = 0;
        for (var step = 0; step < 360; step++)
        {
            for (var i = 0; i < limit / 60 * 2; i++)
            {
                if ((await gateways[random.Next(3)].TryAsync()).Reservation is { } reservation)
                {
                    reservation.Dispose();
                    admitted.Enqueue(_shared.Clock.Elapsed);
                    total++;
                }
            }
            _shared.Clock.Advance(TimeSpan.FromMilliseconds(500));
            if (step % 2 == 1)
            {
                await Task.WhenAll(gateways.Select(gateway => gateway.TickAsync()));
            }
            while (_shared.Clock.Elapsed - admitted.First() > TimeSpan.FromMinutes(1))
            {
                admitted.Dequeue();
            }
            Assert.InRange(admitted.Count, 0, (2 * limit) + (3 * (int)ChunkSize.Max(limit)) + 1);
        }

        // Three minutes: the bucket of the first, and what has come since.
        Assert.InRange(total, (4 * limit) - (limit / 8) - 3, 4 * limit);
        var headers = gateways[0].LastHttp.Response.Headers;
        Assert.Equal(limit.ToString(System.Globalization.CultureInfo.InvariantCulture), headers["x-ratelimit-limit-requests"]);
    }

    [Fact]
    public async Task MembershipEnded_ChunksGoOnButGetNoMore()
    {
        var store = new CountedStore(_shared.Store);
        var gateway = Join(store);
        gateway.Limit(tokensPerMonth: 64_000);
        gateway.Settle(await gateway.AdmittedAsync(), Estimate);
        _shared.Clock.Advance(_shared.Leases.Period);
        var calls = store.Calls;
        var admitted = 0;
        for (var i = 0; i < 100; i++)
        {
            if ((await gateway.TryAsync()).Reservation is { } reservation)
            {
                gateway.Settle(reservation, Estimate);
                admitted++;
            }
        }
        Assert.InRange(admitted, 1, (int)ChunkSize.Max(64_000) / Estimate);
        Assert.Equal(calls, store.Calls);
    }

    [Fact]
    public async Task StreamBeyondItsChunk_GoesOnWhileTheLimitIsNotReached()
    {
        var gateway = Join();
        gateway.Limit(tokensPerMonth: 64_000);
        var reservation = await gateway.AdmittedAsync();
        long completion = 0;
        while (completion < 30_000)
        {
            completion += 100;
            Assert.True(reservation.TryCover(new TokenCounts(1, 0, completion, 0)), $"cut at {completion}");
            await gateway.Keeper.WorkAsync(CancellationToken.None);
        }

        // Nobody fetches any more: it ends within one chunk beyond what it has.
        while (reservation.TryCover(new TokenCounts(1, 0, completion, 0)))
        {
            completion += 100;
        }
        Assert.InRange(completion, 30_000, 30_000 + (3 * (long)ChunkSize.Max(64_000)) + 512);
    }

    private LimitedGateway Join(IStateStore? store = null, FakeBooks? books = null)
    {
        var gateway = new LimitedGateway(_shared, store, books);
        _gateways.Add(gateway);
        return gateway;
    }

    private async Task<QuotaRecord> ReadAsync(string key) => (await _shared.Store.GetAsync(key))!.Read<QuotaRecord>();

    private async Task<long> ChunkOfAsync(LimitedGateway gateway) =>
        await _shared.Store.GetAsync(QuotaRecord.KeyOf("p")) is { } entry
            && entry.Read<QuotaRecord>().Meters.GetValueOrDefault("tokens/m")?.Shares.GetValueOrDefault(gateway.Membership.Id) is { } share
            ? (long)share.Chunk : 0;
}
