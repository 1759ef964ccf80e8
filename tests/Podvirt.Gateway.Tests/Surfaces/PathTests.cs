using System.Net;
using System.Text.Json;
using Podvirt.Core.Models;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

public sealed class PathTests
{
    [Theory]
    [InlineData("GET", "/v1/nothing")]
    [InlineData("POST", "/v1/chat")]
    [InlineData("GET", "/v1")]
    public async Task PathUnknown_Is404InTheApisShape(string method, string path)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)).ErrorAsync(HttpStatusCode.NotFound, "unknown_path");
    }

    [Theory]
    [InlineData("GET", "/v1/chat/completions", "POST")]
    [InlineData("DELETE", "/v1/completions", "POST")]
    [InlineData("PUT", "/v1/embeddings", "POST")]
    [InlineData("POST", "/v1/models", "GET")]
    [InlineData("POST", "/v1/models/m", "GET")]
    [InlineData("DELETE", "/v1/models/Qwen/m", "GET")]
    public async Task MethodWrong_Is405WithAllow(string method, string path, string allowed)
    {
        await using var host = await GatewayHost.StartAsync();
        var response = await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal([allowed], response.Content.Headers.Allow);
        await response.ErrorAsync(HttpStatusCode.MethodNotAllowed, "wrong_method");
    }

    [Fact]
    public async Task ModelsListed_HaveOpenAisShape()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"), Routes.Cold("Qwen/Qwen3-8B"), Routes.Cold("v") with { Model = Routes.Spec("v", ModelType.VideoGeneration) });
        var response = await host.Client.GetAsync("/v1/models");
        Assert.True(response.Headers.Contains("x-request-id"));
        var list = JsonDocument.Parse(await response.TextAsync()).RootElement;
        Assert.Equal("list", list.GetProperty("object").GetString());
        var models = list.GetProperty("data").EnumerateArray().ToArray();
        Assert.Equal(["m", "Qwen/Qwen3-8B", "v"], models.Select(model => model.GetProperty("id").GetString()));
        Assert.All(models, model =>
        {
            Assert.Equal("model", model.GetProperty("object").GetString());
            Assert.True(model.GetProperty("created").GetInt64() > 0);
            Assert.Equal("Qwen", model.GetProperty("owned_by").GetString());
        });
    }

    [Theory]
    [InlineData("/v1/models/Qwen/Qwen3-8B")]
    [InlineData("/v1/models/Qwen%2FQwen3-8B")]
    [InlineData("/v1/models/Qwen%2fQwen3-8B")]
    public async Task ModelWithASlash_IsFoundByItsPath(string path)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("Qwen/Qwen3-8B"));
        var model = JsonDocument.Parse(await host.Client.GetAsync(path).TextAsync()).RootElement;
        Assert.Equal("Qwen/Qwen3-8B", model.GetProperty("id").GetString());
    }

    [Fact]
    public async Task ModelAskedForByAnUnknownPath_Is404()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        await host.Client.GetAsync("/v1/models/other").ErrorAsync(HttpStatusCode.NotFound, "model_not_found");
    }

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/v1/models/m")]
    public async Task NoRouteTableYet_ModelsWaitForTheFirst(string path)
    {
        await using var host = await GatewayHost.StartAsync();
        var response = host.Client.GetAsync(path);
        // Whatever it is answered, the other call is on its way longer then.
        await host.Client.GetAsync("/v1/nothing").ErrorAsync(HttpStatusCode.NotFound, "unknown_path");
        await host.PublishAsync(Routes.Cold("m"));
        Assert.Contains("\"id\":\"m\"", await response.TextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoRouteTableYet_RequestWaitsForTheFirst()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync();
        var response = host.PlainAsync();
        await host.PublishAsync(Routes.Active("m", [engine]));
        Assert.Equal(HttpStatusCode.OK, (await response.Within()).StatusCode);
    }

    [Fact]
    public async Task Reply_CarriesIdReplicaAndTimes()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.PlainAsync();
        await response.TextAsync();
        Assert.Equal("m-0", response.Headers.GetValues("x-podvirt-replica").Single());
        Assert.Equal("new", response.Headers.GetValues("x-podvirt-affinity").Single());
        Assert.Matches("^auth;dur=[0-9.]+, parked;dur=0, connect;dur=[0-9.]+$", response.Headers.GetValues("Server-Timing").Single());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal(record.Id.ToString(), response.Headers.GetValues("x-request-id").Single());
        Assert.Equal(record.Id.ToString(), engine.LastCall.Header("X-Request-Id"));
        Assert.Equal(("m-0", 3, "chat.completions"), (record.Replica, record.Revision, record.Surface));
    }
}
