using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Gateway.Responses;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Responses;

/// <summary>A response that one gateway saw is found through every other one, by its own project.</summary>
public sealed class SharedResponsesTests : IDisposable
{
    private const string Next = $$"""{"model":"m","input":"and?","previous_response_id":"{{ResponseApi.Id}}"}""";

    private static readonly CancellationToken s_none = CancellationToken.None;

    private readonly SharedState _state = new();

    public void Dispose() => _state.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ResponseOfAnotherGateway_IsAskedOfItsReplica(bool stream)
    {
        await using var maker = new FakeEngine(AnswerAsync);
        await using var other = new FakeEngine(AnswerAsync);
        await using var first = await _state.ServingAsync("g1", [maker, other]);
        await using var second = await _state.ServingAsync("g2", [maker, other]);
        using var made = await first.Client.PostAsync(ResponseApi.Path, stream ? ResponseApi.StreamBody : ResponseApi.PlainBody);
        await made.TextAsync();
        var replica = made.Headers.GetValues("x-podvirt-replica").Single();

        // At once: whoever saw the end may go on.
        using var next = await second.Client.PostAsync(ResponseApi.Path, Next);
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(replica, next.Headers.GetValues("x-podvirt-replica").Single());
        await using var third = await _state.ServingAsync("g3", [maker, other]);
        using var stored = await third.Client.GetAsync($"{ResponseApi.Path}/{ResponseApi.Id}");
        Assert.Equal((HttpStatusCode.OK, replica), (stored.StatusCode, stored.Headers.GetValues("x-podvirt-replica").Single()));
    }

    [Fact]
    public async Task ResponseOfAnotherProject_IsNotThereAtAnyGateway()
    {
        await using var engine = new FakeEngine(AnswerAsync);
        await using var first = await _state.ServingAsync("g1", [engine]);
        await using var second = await _state.ServingAsync("g2", [engine]);
        await first.Client.PostAsync(ResponseApi.Path, ResponseApi.PlainBody).TextAsync();
        await second.PutKeyAsync("k2", "pv-second", "other-project");
        await second.KnowsKeyAsync("pv-second");
        using var stranger = second.NewClient("pv-second");
        await stranger.GetAsync($"{ResponseApi.Path}/{ResponseApi.Id}").ErrorAsync(HttpStatusCode.NotFound, "response_not_found");
        await stranger.PostAsync(ResponseApi.Path, Next).ErrorAsync(HttpStatusCode.NotFound, "response_not_found");
        Assert.Single(engine.Calls);
    }

    [Fact]
    public async Task Sweep_TakesWhatHasHadItsTimeAndTheOldestOfTooMany()
    {
        var clock = new Clock();
        var options = new GatewayOptions { KeptResponsesMax = 2 };
        using var shared = new SharedResponses(_state.Store, _state.Leases, options, clock, NullLogger<SharedResponses>.Instance);
        for (var at = 0; at < 4; at++)
        {
            await shared.KeepAsync("p", new KeptResponse($"r{at}", "m", "m-0"), clock.GetUtcNow().AddMinutes(at));
        }
        clock.Advance(TimeSpan.FromSeconds(1));
        await shared.SweepAsync(s_none);
        Assert.Equal([false, false, true, true], await ThereAsync());
        clock.Advance(TimeSpan.FromMinutes(2));
        await shared.SweepAsync(s_none);
        Assert.Equal([false, false, false, true], await ThereAsync());

        async Task<IEnumerable<bool>> ThereAsync()
        {
            var there = new List<bool>();
            for (var at = 0; at < 4; at++)
            {
                there.Add(await shared.FindAsync("p", $"r{at}", s_none) is not null);
            }
            return there;
        }
    }

    [Fact]
    public async Task EntryWhoseTimeIsOver_IsNotThereBeforeItIsSwept()
    {
        var clock = new Clock();
        using var shared = new SharedResponses(_state.Store, _state.Leases, new GatewayOptions(), clock, NullLogger<SharedResponses>.Instance);
        await shared.KeepAsync("p", new KeptResponse("r", "m", "m-0"), clock.GetUtcNow().AddMinutes(1));
        var kept = new KeptResponses(new GatewayOptions(), clock, shared);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.False(await kept.FetchAsync("p", "r", s_none));
    }

    private static Task AnswerAsync(FakeCall call) => call.Body.Contains("\"stream\":true", StringComparison.Ordinal)
        ? TypedSurface.Sends(ResponseApi.Events)(call)
        : call.AnswerJsonAsync(200, ResponseApi.Body());
}
