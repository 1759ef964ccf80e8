using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Keys;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Admission;

/// <summary>Every refusal before an engine is called: its status, body and headers, and that nothing of it remains.</summary>
public sealed class LimitTests
{
    private static readonly ModelLimits s_none = ModelLimits.None;

    [Fact]
    public async Task UnlimitedKey_GetsNoRateHeaders()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.PlainAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.DoesNotContain(response.Headers, h => h.Key.StartsWith("x-ratelimit", StringComparison.OrdinalIgnoreCase));
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task RequestsPerMinute_AreCountedRefusedAndComeBack()
    {
        var clock = new Clock();
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(services: clock.Replace);
        await host.PublishAsync(Routes.Active("m", [engine]));
        await host.LimitKeyAsync(key => key with { RequestsPerMinute = 2 });

        for (var left = 1; left >= 0; left--)
        {
            var good = await host.StreamAsync();
            Assert.Equal(HttpStatusCode.OK, good.StatusCode);
            Assert.Equal(("2", Text(left), left == 1 ? "30s" : "1m0s"), Rate(good, "requests"));
            await good.TextAsync();
        }
        var refused = await host.PlainAsync();
        var error = await refused.ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        Assert.Equal("requests", error.GetProperty("type").GetString());
        Assert.Equal(("2", "0", "1m0s"), Rate(refused, "requests"));
        Assert.Equal(("30", "30000"), (Header(refused, "retry-after"), Header(refused, "retry-after-ms")));
        Assert.Equal(2, engine.Calls.Count);

        clock.Advance(TimeSpan.FromSeconds(29.999));
        await host.PlainAsync().ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
        Assert.Equal(3, (await host.Outbox.AllAsync(3)).Length);
    }

    [Fact]
    public async Task TokensPerMinute_AreReservedByEstimateAndSettledToTheEnginesCounts()
    {
        var clock = new Clock();
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(options => options.ReservedCompletionMax = 400, clock.Replace);
        await host.PublishAsync(Routes.Active("m", [engine]));
        await host.LimitKeyAsync(key => key with { TokensPerMinute = 600 });

        var first = await host.PlainAsync();
        var estimate = (Calls.PlainBody.Length / 4) + 1 + 400;
        Assert.Equal(("600", Text(600 - estimate)), (Rate(first, "tokens").Limit, Rate(first, "tokens").Remaining));
        await first.TextAsync();
        var second = await host.PlainAsync();
        Assert.Equal(Text(600 - SampleReply.Prompt - SampleReply.Completion - estimate), Rate(second, "tokens").Remaining);
        await second.TextAsync();

        // An answer may use more than was reserved: what is owed is worked off before the next.
        engine.Script = call => call.AnswerJsonAsync(200, $$"""{"usage":{{Replies.Usage(7, 1193)}}}""");
        await (await host.PlainAsync()).TextAsync();
        var refused = await host.PlainAsync();
        var error = await refused.ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        Assert.Equal("tokens", error.GetProperty("type").GetString());
        Assert.Equal("0", Rate(refused, "tokens").Remaining);
        // 600 − 2 × 13 − 1200 are −626: 62.6 s to none, and a minute more until it is full.
        Assert.Equal("2m2.6s", Rate(refused, "tokens").Reset);
        Assert.Equal(Text((long)Math.Ceiling((626 + estimate) / 10.0)), Header(refused, "retry-after"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PlanOfTheProject_LimitsAllOfItsKeys(bool requests)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PutKeyAsync("k2", "pv-second");
        await host.KnowsKeyAsync("pv-second");
        await host.PlanAsync(new Plan { Id = "small", RequestsPerMinute = requests ? 1 : null, TokensPerMinute = requests ? null : 1100 });
        await (await host.PlainAsync()).TextAsync();
        await host.Outbox.SingleAsync();
        if (!requests)
        {
            host.Accounts.ProjectOf(GatewayHost.Project).Tokens.Take(1000, host.Accounts.Now);
        }
        using var other = host.NewClient("pv-second");
        var error = await other.PostAsync(Calls.Chat, Calls.PlainBody).ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        Assert.Contains("project 'acme'", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlanUsedUp_IsInsufficientQuotaUntilTheMonthEnds()
    {
        var clock = new Clock();
        clock.AdjustTime(new DateTimeOffset(2032, 2, 29, 12, 0, 0, TimeSpan.Zero));
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(services: clock.Replace);
        await host.PublishAsync(Routes.Active("m", [engine]), Routes.Active("other", [engine]));
        await host.PlanAsync(new Plan { Id = "tiny", TokensPerMonth = new ModelLimits(null, new Dictionary<string, long> { ["m"] = 1050 }) });
        await (await host.PlainAsync()).TextAsync();

        var refused = await host.PlainAsync();
        var error = await refused.ErrorAsync(HttpStatusCode.TooManyRequests, "insufficient_quota");
        Assert.Equal("insufficient_quota", error.GetProperty("type").GetString());
        Assert.Contains("1050 tokens of `m` a month, of which 13 are used", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("2032-03-01T00:00:00Z", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("false", Header(refused, "x-should-retry"));
        Assert.Null(refused.Headers.RetryAfter);

        // Another model has limits of its own, here none.
        Assert.Equal(HttpStatusCode.OK, (await host.Client.PostAsync(Calls.Chat, Calls.PlainBody.Replace("\"m\"", "\"other\"", StringComparison.Ordinal))).StatusCode);
        clock.Advance(TimeSpan.FromHours(12));
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
    }

    [Fact]
    public async Task BudgetUsedUp_IsInsufficientQuota_AndARaisedOneHoldsAtOnce()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine, options => options.ReservedCompletionMax = 10);
        await host.SetRatesAsync(new Rate("m", 1, DateTimeOffset.UnixEpoch, 100_000, 50_000, 400_000));
        // One request costs 7 × 0.1 + 6 × 0.4 = 3.1 microdollars, and may cost 1.5 + 4.
        await host.LimitKeyAsync(key => key with { MonthlyBudget = 0.000007m });
        await (await host.PlainAsync()).TextAsync();
        await host.Outbox.SingleAsync();

        var refused = await host.PlainAsync();
        var error = await refused.ErrorAsync(HttpStatusCode.TooManyRequests, "insufficient_quota");
        Assert.Contains("0.000007000000 USD a month, of which 0.000003100000 are spent", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("false", Header(refused, "x-should-retry"));

        await host.LimitKeyAsync(key => key with { MonthlyBudget = 1 });
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
        await host.Outbox.AllAsync(2);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task ModelNotOfTheKey_Is403_AndIsNotListed()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [engine]), Routes.Active("secret", [engine]));
        await host.LimitKeyAsync(key => key with { Models = ["m"] });

        var error = await host.Client.PostAsync(Calls.Chat, Calls.PlainBody.Replace("\"m\"", "\"secret\"", StringComparison.Ordinal))
            .ErrorAsync(HttpStatusCode.Forbidden, "model_not_allowed");
        Assert.Equal("model", error.GetProperty("param").GetString());
        await host.Client.GetAsync("/v1/models/secret").ErrorAsync(HttpStatusCode.Forbidden, "model_not_allowed");
        var list = await host.Client.GetStringAsync("/v1/models");
        Assert.Contains("\"m\"", list, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", list, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
    }

    [Fact]
    public async Task MonthBeforeTheStart_IsLoadedBeforeAnythingIsAdmitted()
    {
        var loading = new TaskCompletionSource();
        await using var engine = new FakeEngine();
        var books = new FakeBooks { Reading = loading.Task, Failures = 1 };
        books.Used[UtcMonth.Of(DateTimeOffset.UtcNow)] =
        [
            new Consumed(GatewayHost.Project, "k1", "m", 990, 0, Cost.Zero), new Consumed(GatewayHost.Project, "k2", "m", 9, 0, Cost.Zero),
        ];
        await using var host = await GatewayHost.StartAsync(services: services => services.AddSingleton<IConsumption>(books));
        host.MayLogErrors = true;
        await host.PublishAsync(Routes.Active("m", [engine]));
        await host.PlanAsync(new Plan { Id = "small", TokensPerMonth = new ModelLimits(1000, s_none.Models) });

        var waiting = host.StreamAsync();
        Assert.Empty(engine.Calls);
        Assert.False(waiting.IsCompleted);
        loading.SetResult();
        var error = await waiting.ErrorAsync(HttpStatusCode.TooManyRequests, "insufficient_quota");
        Assert.Contains("999 are used", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlanThatChanges_HoldsAtOnce()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await (await host.PlainAsync()).TextAsync();
        await host.Outbox.SingleAsync();
        // Also for what was used before there was a limit.
        await host.PlanAsync(new Plan { Id = "none", TokensPerMonth = new ModelLimits(13, s_none.Models) });
        await host.StreamAsync().ErrorAsync(HttpStatusCode.TooManyRequests, "insufficient_quota");
        await host.PlanAsync(new Plan { Id = "none" });
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
    }

    [Fact]
    public async Task ArchivedProject_HasNoKeys()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        var project = new Project { Id = GatewayHost.Project, Name = "Acme", CreatedAt = DateTimeOffset.UnixEpoch, ArchivedAt = DateTimeOffset.UnixEpoch };
        await host.Store.PutAsync(Project.StatePrefix + project.Id, StateJson.ToBytes(project));
        await Eventually.TrueAsync(() => host.Accounts.ProjectOf(project.Id).IsArchived, "the project is archived");
        await host.PlainAsync().ErrorAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
    }

    [Fact]
    public async Task RotatedKey_TakesBothSecretsUntilTheOverlapEnds()
    {
        var clock = new Clock();
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(services: clock.Replace);
        await host.PublishAsync(Routes.Active("m", [engine]));
        var old = GatewayHost.NewKey("k1", GatewayHost.Secret);
        await host.PutKeyAsync(GatewayHost.NewKey("k1", "pv-new") with { Retiring = [new RetiringSecret(old.Prefix, old.Hash, clock.GetUtcNow().AddHours(1))] });
        await host.KnowsKeyAsync("pv-new");
        using var renewed = host.NewClient("pv-new");
        Assert.Equal(HttpStatusCode.OK, (await renewed.PostAsync(Calls.Chat, Calls.PlainBody)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
        clock.Advance(TimeSpan.FromHours(1));
        await host.PlainAsync().ErrorAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
        Assert.Equal(HttpStatusCode.OK, (await renewed.PostAsync(Calls.Chat, Calls.PlainBody)).StatusCode);
        Assert.All(await host.Outbox.AllAsync(3), record => Assert.Equal("k1", record.Key));
    }

    [Fact]
    public async Task LastUse_IsWrittenNowAndThenAndAtTheEnd()
    {
        var clock = new Clock();
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(services: clock.Replace);
        await host.PublishAsync(Routes.Active("m", [engine]));
        await host.PlainAsync();
        var used = clock.GetUtcNow();
        await clock.UntilAsync(() => Use(host) is not null, "the use is written");
        Assert.InRange(Use(host)!.Value, used, clock.GetUtcNow());

        await host.PlainAsync();
        await host.StopAsync();
        Assert.True(Use(host) >= used);
    }

    private static DateTimeOffset? Use(GatewayHost host) =>
        host.Store.GetAsync(KeyUse.StatePrefix + "k1").AsTask().GetAwaiter().GetResult()?.Read<KeyUse>().LastUsedAt;

    private static (string Limit, string Remaining, string Reset) Rate(HttpResponseMessage response, string kind) =>
        (Header(response, $"x-ratelimit-limit-{kind}"), Header(response, $"x-ratelimit-remaining-{kind}"), Header(response, $"x-ratelimit-reset-{kind}"));

    private static string Header(HttpResponseMessage response, string name) => Assert.Single(response.Headers.GetValues(name));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
