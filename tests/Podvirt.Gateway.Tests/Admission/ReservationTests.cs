using Microsoft.AspNetCore.Http;
using Podvirt.Core.Keys;
using Podvirt.Core.Projects;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Tests.Admission;

/// <summary>Reservations without a gateway around them.</summary>
public sealed class ReservationTests
{
    private const int Prompt = 10;

    private readonly Clock _clock = new();
    private readonly GatewayOptions _options = new() { ReservedCompletionMax = 50 };
    private readonly Accounts _accounts;
    private readonly KeyAccount _key;

    public ReservationTests()
    {
        var rates = new RateBoard(_clock);
        rates.Set("m", [new Rate("m", 1, DateTimeOffset.UnixEpoch, 2, 1, 5)]);
        _accounts = new Accounts(rates, _clock);
        _key = _accounts.ProjectOf("p").KeyOf("k");
    }

    /// <summary>
    /// Hundreds of requests in flight whose steps come in any order, months ending in between: at each moment exactly what is running is
    /// held, no stream is granted a token beyond the limit, and in the end everything was given back once and what was used stands there.
    /// </summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(20261126, true)]
    public void AnyInterleaving_HoldsWhatRunsAndSettlesOnce(int seed, bool clockIsSetBack)
    {
        var random = new Random(seed);
        Limit(tokens: 20_000, usdPico: 90_000, rate: 1_000_000);
        var running = new List<Running>();
        var used = new Dictionary<UtcMonth, long>();
        for (var step = 0; step < 20_000; step++)
        {
            switch (random.Next(10))
            {
                case 0 or 1 or 2 when running.Count < 300:
                    Start(running, random.Next(2) == 0);
                    break;
                case 3 or 4 or 5 or 6 when running.Count > 0:
                    Grow(running[random.Next(running.Count)], random.Next(1, 8));
                    break;
                case 7 or 8 when running.Count > 0:
                    var at = random.Next(running.Count);
                    End(running[at], random, used);
                    running.RemoveAt(at);
                    break;
                case 9 when random.Next(500) == 0:
                    // Sometimes back over a month's end, as clocks are set.
                    _clock.AdjustTime(_clock.GetUtcNow().AddDays(clockIsSetBack && random.Next(3) == 0 ? -2 : 20));
                    break;
                default:
                    _clock.Advance(TimeSpan.FromMilliseconds(random.Next(500)));
                    break;
            }
            var (held, free) = (Held(), Meter.FreeIn(_accounts.Month));
            var granted = running.Where(one => !one.IsCut).Sum(one => one.Exchange.Tokens.Prompt + one.Exchange.Tokens.Completion);
            Assert.True(held >= granted, $"seed {seed}, step {step}: {granted} are granted and {held} held");
            Assert.True(running.Count > 0 || held == 0, $"seed {seed}, step {step}: {held} are held and nothing runs");
            Assert.True(clockIsSetBack || free >= 0, $"seed {seed}, step {step}: {free} are free");
        }
        foreach (var one in running)
        {
            End(one, random, used);
        }
        Assert.Equal(Int128.Zero, Held());
        Assert.Equal(Int128.Zero, _key.Budget.Reserved);
        var month = _accounts.Month;
        Assert.Equal(used.GetValueOrDefault(month), (long)Meter.UsedIn(month));
    }

    [Fact]
    public void StreamGrowing_StopsExactlyAtTheLimit()
    {
        Limit(tokens: 1000, usdPico: null, rate: null);
        var (_, reservation) = Admit(stream: true);
        var exchange = Exchange(reservation);
        var last = 0L;
        while (exchange.TryReadCounts(new TokenCounts(Prompt, 0, last + 1, 0), 0))
        {
            last++;
        }
        Assert.Equal(1000 - Prompt, last);
        Assert.Equal(last, exchange.Tokens.Completion);
    }

    [Fact]
    public void StreamGrowing_AllocatesNothing()
    {
        Limit(tokens: 10_000_000, usdPico: 100_000_000, rate: null);
        var exchange = Exchange(Admit(stream: true).Reservation);
        Assert.True(exchange.TryReadCounts(new TokenCounts(Prompt, 0, 1, 0), 0));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var tokens = 2; tokens < 1_000_000; tokens++)
        {
            exchange.TryReadCounts(new TokenCounts(Prompt, 0, tokens, 0), 0);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(999_999, exchange.Tokens.Completion);
    }

    [Fact]
    public void TwoStreamsGrowing_ShareTheLimitToTheLastToken()
    {
        Limit(tokens: 3000, usdPico: null, rate: null);
        var a = Exchange(Admit(stream: true).Reservation);
        var b = Exchange(Admit(stream: true).Reservation);
        var (goesA, goesB) = (true, true);
        for (var tokens = 1; goesA || goesB; tokens++)
        {
            goesA = goesA && a.TryReadCounts(new TokenCounts(Prompt, 0, tokens, 0), 0);
            goesB = goesB && b.TryReadCounts(new TokenCounts(Prompt, 0, tokens, 0), 0);
        }
        Assert.InRange(a.Tokens.Completion + b.Tokens.Completion + (2 * Prompt), 3000 - 256, 3000);
        Settle(a);
        Settle(b);
        Assert.Equal(Int128.Zero, Held());
    }

    [Fact]
    public void BudgetOfAStream_CountsCachedTokensAtTheirPrice()
    {
        // 10 prompt tokens of which 8 are cached: 2×2 + 8×1 = 12; then 17 tokens at 5.
        Limit(tokens: null, usdPico: 100, rate: null);
        var exchange = Exchange(Admit(stream: true).Reservation);
        var last = 0L;
        while (exchange.TryReadCounts(new TokenCounts(Prompt, 8, last + 1, 0), 0))
        {
            last++;
        }
        Assert.Equal(17, last);
    }

    [Fact]
    public void SeveralChoices_AreCutAtTheirSum()
    {
        Limit(tokens: 100, usdPico: null, rate: null);
        var exchange = Exchange(Admit(stream: true).Reservation);
        var counts = new long[3];
        var choice = 0;
        while (exchange.TryReadCounts(new TokenCounts(Prompt, 0, counts[choice] + 1, 0), choice))
        {
            counts[choice]++;
            choice = (choice + 1) % counts.Length;
        }
        Assert.Equal(100 - Prompt, counts.Sum());
        Assert.Equal(counts.Sum(), exchange.Tokens.Completion);
    }

    [Fact]
    public void FirstCountsBeyondTheLimit_AreTakenForThePrompt()
    {
        Limit(tokens: 100, usdPico: null, rate: null);
        var exchange = Exchange(Admit(stream: true).Reservation);
        Assert.False(exchange.TryReadCounts(new TokenCounts(500, 0, 0, 0), 0));
        Settle(exchange);
        Assert.Equal((Int128)500, Meter.UsedIn(_accounts.Month));
        Assert.NotNull(Admit(stream: true).Error);
    }

    [Fact]
    public void PlainReply_NeedsRoomForItsEstimate_AStreamForItsPrompt()
    {
        Limit(tokens: 40, usdPico: null, rate: null);
        Assert.Equal("insufficient_quota", Admit(stream: false).Error!.Code);
        var (error, reservation) = Admit(stream: true);
        Assert.Null(error);
        Assert.Equal((Int128)40, Held());
        reservation!.Dispose();
        Assert.Equal(Int128.Zero, Held());
    }

    [Fact]
    public void RestHeldByOthers_IsNoSpentQuota()
    {
        Limit(tokens: 100, usdPico: null, rate: null);
        var first = Admit(stream: false).Reservation!;
        var error = Admit(stream: false).Error!;
        Assert.Equal(("rate_limit_exceeded", TimeSpan.FromSeconds(1)), (error.Code, error.RetryAfter));
        first.Dispose();
        first.Dispose();
        Assert.Null(Admit(stream: false).Error);
    }

    [Fact]
    public void RefusalByTheLastRate_TakesFromNone()
    {
        Limit(tokens: 1_000_000, usdPico: 1_000_000, rate: 100);
        Admit(stream: false);
        var before = (Held(), _key.Budget.Reserved, _key.Requests.Remaining(_accounts.Now));
        Assert.Equal("tokens", Admit(stream: false).Error!.Type);
        Assert.Equal(before, (Held(), _key.Budget.Reserved, _key.Requests.Remaining(_accounts.Now)));
    }

    [Fact]
    public void AbsurdCounts_TakeFromNoLimit()
    {
        Limit(tokens: 1000, usdPico: 1000, rate: 1000);
        var exchange = Exchange(Admit(stream: false).Reservation);
        exchange.ReadCounts(new TokenCounts(long.MaxValue, 0, long.MaxValue, 0));
        Settle(exchange);
        Assert.Equal(Int128.Zero, Meter.UsedIn(_accounts.Month));
        Assert.Equal(1000, _key.Tokens.Remaining(_accounts.Now));
    }

    [Fact]
    public void EndInTheNextMonth_CountsThere()
    {
        Limit(tokens: 1000, usdPico: null, rate: null);
        _clock.AdjustTime(new DateTimeOffset(2032, 2, 29, 23, 59, 59, TimeSpan.Zero));
        var exchange = Exchange(Admit(stream: false).Reservation);
        exchange.ReadCounts(new TokenCounts(Prompt, 0, 5, 0));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Settle(exchange);
        Assert.Equal(new DateTimeOffset(2032, 3, 1, 0, 0, 0, TimeSpan.Zero), _accounts.Month.Start);
        Assert.Equal((0, 15), ((int)Meter.UsedIn(_accounts.Month.Before), (int)Meter.UsedIn(_accounts.Month)));
    }

    private MonthMeter Meter => _key.Project.TokensOf("m");

    private Int128 Held() => Meter.Reserved;

    private void Limit(long? tokens, long? usdPico, int? rate)
    {
        _key.Project.Set(new Plan { Id = "plan", TokensPerMonth = new ModelLimits(tokens, ModelLimits.None.Models) }, isArchived: false, _accounts.Now);
        _key.Set(GatewayHost.NewKey("k", "s", "p") with { TokensPerMinute = rate, RequestsPerMinute = rate, MonthlyBudget = usdPico / 1_000_000_000_000m }, _accounts.Now);
    }

    private (ApiError? Error, Reservation? Reservation) Admit(bool stream)
    {
        var body = $$"""{"model":"m","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":""}]}""";
        Assert.Null(RequestPeeker.Peek(System.Text.Encoding.UTF8.GetBytes(body), RequestSurface.ChatCompletions, out var request));
        var error = new AdmissionControl(_accounts, _options).Admit(
            new DefaultHttpContext().Response, _key, "m", request, (Prompt - 1) * 4, Surface.ChatCompletions, out var reservation);
        return (error, reservation);
    }

    private Exchange Exchange(Reservation? reservation) => new(new DefaultHttpContext(), Guid.NewGuid(), Surface.ChatCompletions, _clock)
    {
        Caller = _key.Caller,
        Body = default,
        Request = default,
        Reservation = reservation,
        Dispatcher = new ModelDispatcher(Routes.Cold("m"), _options, new UpstreamConnector(_options, new SocketTransport(), _clock), _clock, static () => { }),
        Session = 1,
    };

    private void Start(List<Running> running, bool stream)
    {
        var (error, reservation) = Admit(stream);
        if (error is null)
        {
            Assert.NotNull(reservation);
            running.Add(new Running(Exchange(reservation), reservation));
        }
    }

    private void Grow(Running one, int tokens)
    {
        if (!one.IsCut)
        {
            one.IsCut = !one.Exchange.TryReadCounts(new TokenCounts(Prompt, 0, one.Exchange.Tokens.Completion + tokens, 0), 0);
        }
    }

    // With a record, without one, or with both, in whatever order their ends come.
    private void End(Running one, Random random, Dictionary<UtcMonth, long> used)
    {
        if (random.Next(4) > 0)
        {
            var record = Settle(one.Exchange);
            var month = UtcMonth.Of(record.EndedAt);
            used[month] = used.GetValueOrDefault(month) + record.Tokens.Prompt + record.Tokens.Completion;
        }
        one.Reservation.Dispose();
    }

    private UsageRecord Settle(Exchange exchange)
    {
        var record = new UsageRecord
        {
            Id = exchange.Id,
            Project = "p",
            Key = "k",
            Model = "m",
            Revision = 1,
            Surface = "chat.completions",
            Outcome = UsageOutcome.Completed,
            Status = 200,
            Tokens = exchange.Tokens,
            Source = exchange.Source,
            StartedAt = _clock.GetUtcNow(),
            DurationUs = 0,
        };
        _accounts.Settle(exchange, record);
        return record;
    }

    private sealed class Running(Exchange exchange, Reservation reservation)
    {
        public Exchange Exchange => exchange;

        public Reservation Reservation => reservation;

        public bool IsCut { get; set; }
    }
}
