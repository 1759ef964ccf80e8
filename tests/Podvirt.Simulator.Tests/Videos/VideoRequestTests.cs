using System.Net;
using System.Text;
using Podvirt.Simulator.Tests.Engines;
using Podvirt.Simulator.Tests.Videos.Mp4;

namespace Podvirt.Simulator.Tests.Videos;

public sealed class VideoRequestTests
{
    private static readonly byte[] _png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13];

    [Theory]
    [InlineData("seed=1", "{'type': 'missing', 'loc': ('body', 'prompt'), 'msg': 'Field required', 'input': None}")]
    [InlineData("prompt=", "Field required")]
    [InlineData("prompt=x&size=640x", """{'type': 'string_pattern_mismatch', 'loc': ('body', 'size'), 'msg': "String should match pattern '^\d+x\d+$'", 'input': '640x'}""")]
    [InlineData("prompt=x&size=0x10", "width and height must be positive")]
    [InlineData("prompt=x&seconds=04", """pattern '^[1-9]\d*$'""")]
    [InlineData("prompt=x&fps=ten", "'type': 'int_parsing', 'loc': ('body', 'fps')")]
    [InlineData("prompt=x&flow_shift=much", "'type': 'float_parsing', 'loc': ('body', 'flow_shift')")]
    [InlineData("prompt=x&generate_sound=maybe", "'type': 'bool_parsing', 'loc': ('body', 'generate_sound')")]
    [InlineData("prompt=x&fps=0", "fps\n  Input should be greater than or equal to 1")]
    [InlineData("prompt=x&num_inference_steps=201", "num_inference_steps\n  Input should be less than or equal to 200")]
    [InlineData("prompt=x&sound_duration=0", "sound_duration\n  Input should be greater than 0")]
    [InlineData("prompt=x&lora=[1]", "Invalid JSON in form field: expected dict.")]
    [InlineData("prompt=x&extra_params={", "Invalid JSON in form field.")]
    [InlineData("prompt=x&model=other", "Model mismatch: request specifies 'other' but server is running 'm'.")]
    [InlineData("prompt=x&image_reference={\"file_id\":\"f\"}", "Invalid image_reference: file_id is not supported yet.")]
    [InlineData("prompt=x&image_reference={}&video_reference={}", "Provide only one of input_reference, image_reference, or video_reference.")]
    public async Task Mistake_Is400InTheEnginesWords(string fields, string message)
    {
        await using var engine = await VideoClient.StartAsync();
        foreach (var path in new[] { "/v1/videos", "/v1/videos/sync" })
        {
            var (status, body) = await engine.Client.PostFormAsync(path, Split(fields));
            Assert.Equal((HttpStatusCode.BadRequest, 400), (status, (int)body["error"]!["code"]!));
            Assert.Contains(message, VideoClient.Message(body), StringComparison.Ordinal);
        }

        Assert.Empty(await engine.Client.ListAsync());
    }

    [Fact]
    public async Task SeveralMistakes_AreAllNamed()
    {
        await using var engine = await VideoClient.StartAsync();
        var (_, body) = await engine.Client.PostFormAsync(VideoClient.Videos, [("seed", "x"), ("size", "big")]);
        Assert.StartsWith("3 validation errors:\n", VideoClient.Message(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_IsNoForm()
    {
        await using var engine = await VideoClient.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await engine.Client.SendAsync("/v1/videos", """{"prompt":"x"}""")).Status);
    }

    [Fact]
    public async Task PlainForm_IsAForm()
    {
        await using var engine = await VideoClient.StartAsync();
        using var form = new FormUrlEncodedContent([new("prompt", "a fox & a hen"), new("fps", "4")]);
        using var response = await engine.Client.Http.PostAsync("/v1/videos", form);
        Assert.Contains("a fox & a hen", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("multipart/form-data", "x")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nx")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\n\r\nx\r\n--b--\r\n")]
    public async Task BrokenForm_Is400(string type, string body)
    {
        await using var engine = await VideoClient.StartAsync();
        using var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var response = await engine.Client.Http.PostAsync("/v1/videos", content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("size=64x48&seconds=2&fps=4", 64, 48, 8)]
    [InlineData("width=64&height=48&num_frames=5&seconds=2", 64, 48, 5)]
    [InlineData("size=63x47&width=16&fps=3", 64, 48, 12)]
    [InlineData("fps=1", 832, 480, 4)]
    [InlineData("size=64x48", 64, 48, 96)]
    public async Task SizeAndLength_AreWhatWasAskedFor(string fields, int width, int height, int frames)
    {
        await using var engine = await VideoClient.StartAsync();
        using var response = await engine.Client.Http.PostAsync("/v1/videos/sync", VideoClient.Form([("prompt", "x"), .. Split(fields)]));
        var file = new Mp4Reader(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal((width, height), (file.Number("moov/trak/tkhd", 76) >> 16, file.Number("moov/trak/tkhd", 80) >> 16));
        Assert.Equal(frames, file.Samples().Count);
    }

    [Fact]
    public async Task ReferenceBeforeTheFields_IsAcceptedWhenItIsAPicture()
    {
        await using var engine = await VideoClient.StartAsync();
        var (status, body) = await engine.Client.PostFormAsync(VideoClient.Videos, [("prompt", "x"), ("model", "m"), .. VideoClient.Small], new ByteArrayContent(_png));
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        (status, body) = await engine.Client.PostFormAsync(VideoClient.Videos, [("prompt", "x")], new ByteArrayContent("no picture at all"u8.ToArray()));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("Invalid input_reference: provided content is not a valid image or video.", VideoClient.Message(body));
        (_, body) = await engine.Client.PostFormAsync(VideoClient.Videos, [("prompt", "x"), ("image_reference", "{}")], new ByteArrayContent(_png));
        Assert.StartsWith("Provide only one of", VideoClient.Message(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FieldOfMoreThanAMegabyte_IsRefused()
    {
        await using var engine = await VideoClient.StartAsync();
        var (status, body) = await engine.Client.PostFormAsync(VideoClient.Videos, [("prompt", new string('x', (1 << 20) + 1))]);
        Assert.Equal((HttpStatusCode.BadRequest, "Part exceeded maximum size of 1024KB."), (status, VideoClient.Message(body)));
    }

    [Fact]
    public async Task LargeReference_IsNotHeldInMemory()
    {
        const int Length = 256 << 20;
        await using var engine = await EngineProcess.Start("--omni", "--sim-type", "video").HealthyAsync();
        await engine.Client.PostFormAsync(VideoClient.Videos, [("prompt", "x"), .. VideoClient.Small], new ByteArrayContent(_png));
        var before = PeakBytes(engine.Id);
        var (status, body) = await engine.Client.PostFormAsync(VideoClient.Videos, [("prompt", "x"), .. VideoClient.Small], new ZerosContent(_png, Length));
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        Assert.InRange(PeakBytes(engine.Id) - before, 0, Length / 4);
    }

    [Fact]
    public async Task ChatModelOfVllmOmni_MakesNoVideos()
    {
        await using var engine = await InProcessEngine.StartAsync("--omni");
        var (status, body) = await engine.Client.PostFormAsync(VideoClient.Videos, [("prompt", "x")]);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Video generation handler not initialized."), (status, VideoClient.Message(body)));
        Assert.Empty(await engine.Client.ListAsync());
    }

    [Fact]
    public async Task VideoModel_AnswersNoChat()
    {
        await using var engine = await VideoClient.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await engine.Client.SendAsync("/v1/chat/completions", EngineClient.Chat("hi"))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await engine.Client.SendAsync("/v1/embeddings", """{"input":"hi"}""")).Status);
    }

    private static IEnumerable<(string Name, string Value)> Split(string fields) =>
        fields.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(field => (field.Split('=', 2)[0], field.Split('=', 2)[1]));

    private static long PeakBytes(int process) =>
        long.Parse(File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), System.Globalization.CultureInfo.InvariantCulture) << 10;

    /// <summary>A beginning, and then zeros.</summary>
    private sealed class ZerosContent(byte[] head, int length) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var buffer = new byte[1 << 20];
            await stream.WriteAsync(head);
            for (var sent = head.Length; sent < length; sent += buffer.Length)
            {
                await stream.WriteAsync(buffer.AsMemory(0, Math.Min(buffer.Length, length - sent)));
            }
        }

        protected override bool TryComputeLength(out long size)
        {
            size = length;
            return true;
        }
    }
}
