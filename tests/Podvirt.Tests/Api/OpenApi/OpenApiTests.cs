using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Api.OpenApi;

namespace Podvirt.Tests.Api.OpenApi;

public sealed class OpenApiTests : IAsyncLifetime
{
    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await PodvirtApp.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public void EveryCallOfTheApi_IsDescribed()
    {
        var bare = _app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.TrimStart('/').StartsWith("api/", StringComparison.Ordinal) && e.RoutePattern.RawText != "/api/{**path}")
            .Where(e => e.Metadata.GetMetadata<ApiOperation>() is null)
            .Select(e => e.RoutePattern.RawText);
        Assert.Empty(bare);
    }

    [Fact]
    public async Task Document_NamesPathsMethodsParametersAndSchemas()
    {
        using var response = await _app.Stranger.GetAsync("/openapi/v1.json");
        var document = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("3.1.0", document.GetProperty("openapi").GetString());
        var paths = document.GetProperty("paths");

        var wake = paths.GetProperty("/api/models/{id}/wake").GetProperty("post");
        Assert.Equal(["202", "401", "404", "409", "503"], wake.GetProperty("responses").EnumerateObject().Select(r => r.Name).Order());
        Assert.Equal("id", wake.GetProperty("parameters")[0].GetProperty("name").GetString());
        Assert.True(wake.GetProperty("security")[0].TryGetProperty("admin", out _));

        var models = Schema(paths.GetProperty("/api/models").GetProperty("get"), "200");
        var model = models.GetProperty("properties").GetProperty("data").GetProperty("items").GetProperty("properties");
        Assert.True(model.TryGetProperty("startup_duration_ms", out _));
        Assert.True(model.GetProperty("gpu").GetProperty("properties").TryGetProperty("memory_bytes", out _));
        Assert.True(paths.GetProperty("/api/models/{id}").TryGetProperty("get", out _));
        Assert.True(paths.GetProperty("/v1/chat/completions").TryGetProperty("post", out _));
        Assert.Equal(5, paths.GetProperty("/api/transitions").GetProperty("get").GetProperty("parameters").GetArrayLength() + 1);
        Assert.True(document.GetProperty("components").GetProperty("schemas").GetProperty("Error").GetProperty("properties").TryGetProperty("error", out _));
    }

    private static JsonElement Schema(JsonElement operation, string status) =>
        operation.GetProperty("responses").GetProperty(status).GetProperty("content").GetProperty("application/json").GetProperty("schema");
}
