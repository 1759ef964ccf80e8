using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>Uploads that are larger than the memory they may take, from the client to the disk and from there to an engine.</summary>
[Collection(nameof(Alone))]
public sealed class LargeUploadTests
{
    private const long MiB = 1 << 20;

    // A few buffers, and what a runtime takes when it has something to do. Less than half of the smallest upload here.
    private const long GrowthMax = 96 * MiB;

    [Fact]
    public Task Upload_DoesNotGrowTheServer() => UploadAsync(256 * MiB);

    /// <summary>By command: it writes and reads two gibibytes.</summary>
    [Fact(Explicit = true)]
    public Task UploadOfTwoGibibytes_DoesNotGrowTheServer() => UploadAsync(2048 * MiB);

    private static async Task UploadAsync(long bytes)
    {
        using var engine = new SinkEngine();
        var yaml = $$"""
            gpus: { simulated: { count: 1, type: H100, memory: 80GiB } }
            models:
              - id: film
                type: video-generation
                engine: { kind: external, url: "{{engine.Address}}" }
            videos: { upload_bytes: 3GiB, spool_bytes: 4GiB, poll_interval: 50ms, disk_free: 0B }
            """;
        await using var podvirt = await PodvirtProcess.StartAsync(yaml);
        await MakeAsync(podvirt, engine, MiB);
        var before = MemoryOf(podvirt.Id, "VmRSS");

        await MakeAsync(podvirt, engine, bytes);

        var growth = MemoryOf(podvirt.Id, "VmHWM") - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{bytes / MiB} MiB sent and forwarded; the server grew by {growth / MiB} MiB from {before / MiB} MiB.");
        Assert.True(growth < GrowthMax, $"The server grew by {growth / MiB} MiB.");
        await Until.TrueAsync(
            () => Task.FromResult(!Directory.EnumerateFiles(Path.Combine(podvirt.Data, "videos", "spool")).Any()), () => "An upload is still in the spool.");
    }

    private static async Task MakeAsync(PodvirtProcess podvirt, SinkEngine engine, long bytes)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("a long look back"), "prompt" },
            { new Zeros(bytes), "input_reference", "film.mp4" },
            { new StringContent("film"), "model" },
        };
        using var response = await podvirt.Client.PostAsync("v1/videos", form);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        var id = (string)JsonNode.Parse(text)!["id"]!;
        JsonObject? seen = null;
        await Until.TrueAsync(
            async () =>
            {
                seen = await podvirt.Client.GetFromJsonAsync<JsonObject>($"v1/videos/{id}");
                return (string)seen!["status"]! == "completed";
            },
            () => $"{seen}\n{podvirt.Output}");
        Assert.InRange(engine.LastUpload, bytes, bytes + 4096);
    }

    private static long MemoryOf(int process, string line)
    {
        var text = File.ReadLines($"/proc/{process}/status").Single(l => l.StartsWith(line + ":", StringComparison.Ordinal));
        return long.Parse(text.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>So many zeros, made as they are sent.</summary>
    private sealed class Zeros(long bytes) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var piece = new byte[256 * 1024];
            for (var left = bytes; left > 0; left -= piece.Length)
            {
                await stream.WriteAsync(piece.AsMemory(0, (int)Math.Min(left, piece.Length)));
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes;
            return true;
        }
    }

    /// <summary>An engine that takes uploads and keeps nothing of them: every video is made at once.</summary>
    private sealed class SinkEngine : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly Task _serving;
        private long _lastUpload;

        public SinkEngine()
        {
            Address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Ports.Free()}");
            _listener.Prefixes.Add(Address + "/");
            _listener.Start();
            _serving = ServeAsync();
        }

        public string Address { get; }

        public long LastUpload => Volatile.Read(ref _lastUpload);

        public void Dispose()
        {
            _listener.Close();
            _serving.Wait(TimeSpan.FromSeconds(10));
        }

        private async Task ServeAsync()
        {
            while (_listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
                _ = AnswerAsync(context);
            }
        }

        private async Task AnswerAsync(HttpListenerContext context)
        {
            var path = context.Request.Url!.AbsolutePath;
            var answer = """{"object":"list","data":[{"id":"film","object":"model"}],"status":"completed","seconds":"4","progress":100}""";
            if (context.Request.HttpMethod == "POST" && path == "/v1/videos")
            {
                var buffer = new byte[256 * 1024];
                var total = 0L;
                int read;
                while ((read = await context.Request.InputStream.ReadAsync(buffer)) > 0)
                {
                    total += read;
                }
                Volatile.Write(ref _lastUpload, total);
                answer = """{"id":"video_gen_1","object":"video","status":"queued","progress":0}""";
            }
            else if (path.StartsWith("/v1/videos/", StringComparison.Ordinal))
            {
                answer = path.EndsWith("/content", StringComparison.Ordinal) ? "a film" : """{"id":"video_gen_1","object":"video","status":"completed","seconds":"4","progress":100}""";
            }
            context.Response.ContentType = "application/json";
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer));
            context.Response.Close();
        }
    }
}
