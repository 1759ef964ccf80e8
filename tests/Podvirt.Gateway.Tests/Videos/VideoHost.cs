using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Videos;
using Podvirt.Gateway.Videos.Files;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>A gateway with a video model <c>m</c>, and a folder that outlives it.</summary>
internal sealed class VideoHost : IAsyncDisposable
{
    private readonly bool _ownsFolder;

    private VideoHost(GatewayHost host, string folder, bool ownsFolder)
    {
        Host = host;
        Folder = folder;
        _ownsFolder = ownsFolder;
    }

    public GatewayHost Host { get; }

    public string Folder { get; }

    public HttpClient Client => Host.Client;

    public VideoBook Book => Host.Services.GetRequiredService<VideoBook>();

    public VideoRuns Runs => Host.Services.GetRequiredService<VideoRuns>();

    public IEnumerable<string> Spooled => FilesOf("spool");

    public IEnumerable<string> Stored => FilesOf("files");

    public static async Task<VideoHost> StartAsync(
        IReadOnlyList<FakeOmni>? engines = null, Action<VideoOptions>? configure = null, Action<GatewayOptions>? gateway = null, string? folder = null,
        MemoryStateStore? store = null, FakeOutbox? outbox = null, VideoSpec? offer = null, Action<IServiceCollection>? services = null)
    {
        var ownsFolder = folder is null;
        folder ??= Directory.CreateTempSubdirectory("podvirt-videos-").FullName;
        var host = await GatewayHost.StartAsync(
            options =>
            {
                options.Videos.Directory = folder;
                options.Videos.PollInterval = TimeSpan.FromMilliseconds(10);
                options.Videos.DiskFreeMin = 0;
                gateway?.Invoke(options);
                configure?.Invoke(options.Videos);
            },
            added =>
            {
                if (store is not null)
                {
                    added.AddSingleton<IStateStore>(store);
                }
                if (outbox is not null)
                {
                    added.AddSingleton(outbox);
                }
                services?.Invoke(added);
            });
        var video = new VideoHost(host, folder, ownsFolder);
        if (engines is not null)
        {
            await video.ServeAsync(engines, offer);
        }
        return video;
    }

    public Task ServeAsync(IReadOnlyList<FakeOmni> engines, VideoSpec? offer = null) => Host.PublishAsync(RouteOf(engines, offer));

    public static ModelRoute RouteOf(IReadOnlyList<FakeOmni> engines, VideoSpec? offer = null) => new()
    {
        Model = Routes.Spec("m", ModelType.VideoGeneration) with { Video = offer },
        Status = engines.Count > 0 ? ModelStatus.Active : ModelStatus.Cold,
        Replicas = [.. engines.Select((e, i) => Routes.Replica($"m-{i}", e.Address, slots: 2, servedAs: "weights"))],
    };

    public static MultipartFormDataContent Form(params (string Name, string Value)[] fields)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, value) in fields)
        {
            form.Add(new StringContent(value), name);
        }
        return form;
    }

    /// <summary>A job of the default prompt.</summary>
    public async Task<JsonElement> CreateAsync(params (string Name, string Value)[] more)
    {
        using var response = await Client.PostAsync("/v1/videos", Form([("prompt", "a cat"), ("model", "m"), .. more])).Within();
        var text = await response.TextAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }

    public async Task<JsonElement> ShowAsync(string id)
    {
        using var response = await Client.GetAsync($"/v1/videos/{id}").Within();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonDocument.Parse(await response.TextAsync()).RootElement;
    }

    public async Task<JsonElement> UntilAsync(string id, string status)
    {
        var seen = default(JsonElement);
        for (var look = 0; ; look++)
        {
            seen = await ShowAsync(id);
            if (seen.GetProperty("status").GetString() == status)
            {
                return seen;
            }
            Assert.True(look < 4000, $"{id} never was {status}: {seen}");
            await Task.Delay(Pauses.Poll);
        }
    }

    public Task NothingRunsAsync() => Eventually.TrueAsync(() => Runs.Running == 0, "no job runs");

    public static string IdOf(JsonElement job) => job.GetProperty("id").GetString()!;

    public static HttpRequestMessage Ranged(string path, string range)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Range = RangeHeaderValue.Parse(range);
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        if (_ownsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private IEnumerable<string> FilesOf(string name)
    {
        var folder = Path.Combine(Folder, name);
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder) : [];
    }
}
