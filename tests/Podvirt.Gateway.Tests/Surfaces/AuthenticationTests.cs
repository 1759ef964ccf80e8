using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Keys;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Surfaces;

public sealed class AuthenticationTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Basic cHYtdGVzdC1rZXk=")]
    [InlineData("Bearer pv-other")]
    [InlineData("pv-test-key")]
    public async Task KeyMissingOrWrong_Is401(string? authorization)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = new HttpClient { BaseAddress = host.Address };
        if (authorization is not null)
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        }

        var response = await client.PostAsync(Calls.Chat, Calls.PlainBody);
        await response.ErrorAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
        await client.GetAsync("/v1/models").ErrorAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
        Assert.Empty(engine.Calls);
        Assert.Empty(host.Outbox.Records);
    }

    [Fact]
    public async Task KeyLongerThanAnyKey_Is401()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        using var client = host.NewClient(new string('x', 5000));
        await client.PostAsync(Calls.Chat, Calls.PlainBody).ErrorAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
    }

    [Fact]
    public async Task KeyRevoked_IsRefusedAtOnce()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);

        await host.PutKeyAsync("k1", GatewayHost.Secret, revoked: DateTimeOffset.UnixEpoch);
        await ForgottenAsync(host, GatewayHost.Secret);
        await host.PlainAsync().ErrorAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
    }

    [Fact]
    public async Task KeyDeleted_IsRefused_AndANewOneIsTaken()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PutKeyAsync("k2", "pv-second", "beta");
        await host.KnowsKeyAsync("pv-second");
        await host.Store.DeleteAsync(ApiKey.StatePrefix + "k1");
        await ForgottenAsync(host, GatewayHost.Secret);

        await host.PlainAsync().ErrorAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
        using var client = host.NewClient("pv-second");
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync(Calls.Chat, Calls.PlainBody)).StatusCode);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal(("beta", "k2"), (record.Project, record.Key));
    }

    [Fact]
    public async Task KeyExpired_Is401()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        await host.PutKeyAsync("old", "pv-old", expires: DateTimeOffset.UtcNow.AddMinutes(-1));
        await host.PutKeyAsync("valid", "pv-valid", expires: DateTimeOffset.UtcNow.AddMinutes(10));
        await host.KnowsKeyAsync("pv-valid");

        host.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "pv-old");
        await host.PlainAsync().ErrorAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
    }

    [Fact]
    public async Task SchemeInAnyCase_IsTaken()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("bearer", GatewayHost.Secret);
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"id":"k9","name":"n","prefix":"p","hash":"zz","project":"x","created_at":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""{"id":"k9","name":"n","prefix":"p","hash":"abcd","project":"x","created_at":"2026-01-01T00:00:00Z"}""")]
    public async Task KeyUnreadableInTheStore_HarmsNoOther(string stored)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.MayLogErrors = true;
        await host.Store.PutAsync(ApiKey.StatePrefix + "k9", System.Text.Encoding.UTF8.GetBytes(stored));
        await host.PutKeyAsync("k2", "pv-second");
        await host.KnowsKeyAsync("pv-second");
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
    }

    [Fact]
    public async Task KeysNotListedYet_RequestWaitsForThem()
    {
        await using var engine = new FakeEngine();
        var listing = new TaskCompletionSource();
        var store = new MemoryStateStore { Listing = listing.Task };
        await using var host = await GatewayHost.StartAsync(
            services: services => services.AddSingleton<Podvirt.Messaging.IStateStore>(store), ready: false);
        await host.PublishAsync(Routes.Active("m", [engine]));

        var response = host.PlainAsync();
        var models = host.Client.GetAsync("/v1/models");
        using var stranger = new HttpClient { BaseAddress = host.Address };
        await stranger.GetAsync("/v1/models").ErrorAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
        Assert.NotSame(response, await Task.WhenAny(response, models, Task.Delay(Pauses.NothingHappens)));
        Assert.False(response.IsCompleted || models.IsCompleted);
        listing.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await response.Within()).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await models.Within()).StatusCode);
    }

    private static Task ForgottenAsync(GatewayHost host, string secret) => Eventually.TrueAsync(
        () => !host.Services.GetRequiredService<KeyRing>().TryAuthenticate(secret, out _), "the key is forgotten");
}
