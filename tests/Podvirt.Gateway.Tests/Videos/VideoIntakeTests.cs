using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Podvirt.Core.Models;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>What is refused, why, and that nothing of it stays.</summary>
public sealed class VideoIntakeTests
{
    private static readonly VideoSpec s_offer = new(["832x480", "1280x720"], [4, 8], 8, 16);

    [Theory]
    [InlineData("seconds", "5", "4, 8")]
    [InlineData("seconds", "0", "above 0")]
    [InlineData("seconds", "long", "above 0")]
    [InlineData("seconds", "-4", "above 0")]
    [InlineData("size", "640x480", "832x480, 1280x720")]
    [InlineData("size", "big", "1280x720")]
    [InlineData("num_frames", "1000", "at most 8")]
    [InlineData("num_frames", "0", "1 to 1000000")]
    [InlineData("prompt", "", "prompt")]
    [InlineData("model", "", "model")]
    public async Task FieldThatCannotBe_Is400_AndNamesWhatCan(string name, string value, string names)
    {
        await using var host = await VideoHost.StartAsync([]);
        await host.ServeAsync([], s_offer);
        using var form = VideoHost.Form([.. new[] { ("prompt", "a cat"), ("model", "m") }.Where(f => f.Item1 != name), (name, value)]);

        var error = await host.Client.PostAsync("/v1/videos", form).ErrorAsync(HttpStatusCode.BadRequest, "invalid_value");

        Assert.Equal(name, error.GetProperty("param").GetString());
        Assert.Contains(names, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        NothingIsLeft(host);
    }

    [Fact]
    public async Task ModelUnknown_OrOfAnotherType_IsRefusedAfterTheUpload()
    {
        await using var host = await VideoHost.StartAsync([]);
        await host.Host.PublishAsync(VideoHost.RouteOf([]), Routes.Cold("chat"));
        foreach (var (model, status, code) in new[] { ("nope", HttpStatusCode.NotFound, "model_not_found"), ("chat", HttpStatusCode.BadRequest, "wrong_model_type") })
        {
            using var form = new MultipartFormDataContent
            {
                { new ByteArrayContent(new byte[300_000]), "input_reference", "a.mp4" },
                { new StringContent("x"), "prompt" },
                { new StringContent(model), "model" },
            };
            await host.Client.PostAsync("/v1/videos", form).ErrorAsync(status, code);
            NothingIsLeft(host);
        }
    }

    [Theory]
    [InlineData("multipart/form-data", "x", "invalid_content_type")]
    [InlineData("text/plain", "x", "invalid_content_type")]
    [InlineData("multipart/form-data; boundary=b", "no parts at all", "incomplete_body")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: attachment; name=\"prompt\"\r\n\r\nx\r\n--b--\r\n", "invalid_form")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--b--\r\n", "invalid_form")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"prompt\"; filename=\"p\"\r\n\r\nx\r\n--b--\r\n", "invalid_value")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b--\r\n", "invalid_value")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nx", "incomplete_body")]
    [InlineData("application/json", "{", "invalid_json")]
    [InlineData("application/json", "[1]", "invalid_json")]
    [InlineData("application/json", "{\"model\":\"m\",\"model\":\"m\",\"prompt\":\"x\"}", "invalid_value")]
    [InlineData("application/json", "{\"model\":\"m\",\"prompt\":\"\\ud800\"}", "invalid_value")]
    public async Task FormThatIsNone_Is400(string type, string body, string code)
    {
        await using var host = await VideoHost.StartAsync([]);
        var content = new StringContent(body, Encoding.UTF8);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);

        await host.Client.PostAsync("/v1/videos", content).ErrorAsync(HttpStatusCode.BadRequest, code);

        NothingIsLeft(host);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task UploadOverTheLimit_Is413_WhetherAnnouncedOrNot(bool announced)
    {
        await using var host = await VideoHost.StartAsync([], options => options.UploadBytesMax = 100_000);
        using var form = new MultipartFormDataContent { { new ByteArrayContent(new byte[200_000]), "input_reference", "a.mp4" } };
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/videos") { Content = form };
        request.Headers.TransferEncodingChunked = !announced;

        await host.Client.SendAsync(request).ErrorAsync(HttpStatusCode.RequestEntityTooLarge, "body_too_large");

        NothingIsLeft(host);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task UploadBeyondTheSpoolOrTheProjectsBytes_Is429(bool ofSpool)
    {
        await using var host = await VideoHost.StartAsync([], options =>
        {
            options.SpoolBytesMax = ofSpool ? 250_000 : long.MaxValue;
            options.ProjectBytesMax = ofSpool ? long.MaxValue : 250_000;
        });
        using var first = WithFile(150_000);
        using var created = await host.Client.PostAsync("/v1/videos", first);
        Assert.Equal(HttpStatusCode.OK, created.StatusCode);

        using var second = WithFile(150_000);
        await host.Client.PostAsync("/v1/videos", second)
            .ErrorAsync(HttpStatusCode.TooManyRequests, ofSpool ? "rate_limit_exceeded" : "storage_quota_exceeded");

        Assert.Single(host.Spooled);
        Assert.Single(host.Book.All());

        // What one holds comes back.
        using var deleted = await host.Client.DeleteAsync($"/v1/videos/{host.Book.All().Single().Name}");
        await host.NothingRunsAsync();
        using var third = WithFile(150_000);
        using var again = await host.Client.PostAsync("/v1/videos", third);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task DiskThatIsNearlyFull_TakesNoUpload()
    {
        await using var host = await VideoHost.StartAsync([], options => options.DiskFreeMin = long.MaxValue);
        using var form = WithFile(1000);
        await host.Client.PostAsync("/v1/videos", form).ErrorAsync(HttpStatusCode.ServiceUnavailable, "storage_full");
        NothingIsLeft(host);
    }

    [Fact]
    public async Task ClientThatLeavesItsUpload_LeavesNothing()
    {
        await using var host = await VideoHost.StartAsync([]);
        using var leaving = new CancellationTokenSource();
        using var form = new MultipartFormDataContent { { new StreamContent(new StuckStream(100_000)), "input_reference", "a.mp4" } };
        var call = host.Client.PostAsync("/v1/videos", form, leaving.Token);
        await Eventually.TrueAsync(() => host.Spooled.Any(), "it comes in");

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Eventually.TrueAsync(() => !host.Spooled.Any(), "nothing is left of it");
        NothingIsLeft(host);
    }

    [Fact]
    public async Task JobsAndVideosOfAProject_AreBounded()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([], options => (options.ProjectJobsMax, options.ProjectVideosMax) = (2, 3));
        await host.CreateAsync();
        var second = VideoHost.IdOf(await host.CreateAsync());
        using var form = VideoHost.Form(("prompt", "x"), ("model", "m"));
        await host.Client.PostAsync("/v1/videos", form).ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");

        await host.ServeAsync([engine]);
        await host.UntilAsync(second, "completed");
        await host.UntilAsync(VideoHost.IdOf(await host.CreateAsync()), "completed");
        await host.NothingRunsAsync();
        using var fourth = VideoHost.Form(("prompt", "x"), ("model", "m"));
        await host.Client.PostAsync("/v1/videos", fourth).ErrorAsync(HttpStatusCode.TooManyRequests, "storage_quota_exceeded");
    }

    [Fact]
    public async Task PlanOfSeconds_IsHeldWhileAJobRuns_AndSpentByWhatWasMade()
    {
        await using var engine = new FakeOmni { IsHeld = true, Video = Mp4Sample.Of(6) };
        await using var host = await VideoHost.StartAsync([engine]);
        await host.Host.PlanAsync(new Plan { Id = "p", VideoSecondsPerMonth = new ModelLimits(10, new Dictionary<string, long>()) });
        await Eventually.TrueAsync(() => LimitOf(host) == 10_000_000, "the plan is known");

        var id = VideoHost.IdOf(await host.CreateAsync(("seconds", "8")));
        await RefusedAsync("4", "rate_limit_exceeded");
        await RefusedAsync("11", "insufficient_quota");
        engine.IsHeld = false;
        await host.UntilAsync(id, "completed");
        await host.NothingRunsAsync();

        // Six of ten are spent.
        await RefusedAsync("5", "insufficient_quota");
        await host.UntilAsync(VideoHost.IdOf(await host.CreateAsync(("seconds", "4"))), "completed");

        async Task RefusedAsync(string seconds, string code)
        {
            using var form = VideoHost.Form(("prompt", "x"), ("model", "m"), ("seconds", seconds));
            await host.Client.PostAsync("/v1/videos", form).ErrorAsync(HttpStatusCode.TooManyRequests, code);
        }
    }

    [Fact]
    public async Task BudgetOfAKey_IsHeldByTheModelsRate()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine]);
        await host.Host.SetRatesAsync(new Rate("m", 1, DateTimeOffset.UnixEpoch, 0, 0, 0, VideoPico: 500_000));
        await host.Host.LimitKeyAsync(key => key with { MonthlyBudget = 3 });

        using var dear = VideoHost.Form(("prompt", "x"), ("model", "m"), ("seconds", "7"));
        await host.Client.PostAsync("/v1/videos", dear).ErrorAsync(HttpStatusCode.TooManyRequests, "insufficient_quota");
        await host.UntilAsync(VideoHost.IdOf(await host.CreateAsync(("seconds", "4"))), "completed");
        await host.NothingRunsAsync();
        using var second = VideoHost.Form(("prompt", "x"), ("model", "m"), ("seconds", "4"));
        await host.Client.PostAsync("/v1/videos", second).ErrorAsync(HttpStatusCode.TooManyRequests, "insufficient_quota");
    }

    [Fact]
    public async Task KeyOfOtherModels_IsRefused()
    {
        await using var host = await VideoHost.StartAsync([]);
        await host.Host.LimitKeyAsync(key => key with { Models = ["other"] });
        using var form = VideoHost.Form(("prompt", "x"), ("model", "m"));
        await host.Client.PostAsync("/v1/videos", form).ErrorAsync(HttpStatusCode.Forbidden, "model_not_allowed");
        NothingIsLeft(host);
    }

    [Fact]
    public async Task QueueThatIsFull_IsSaidToTheClient()
    {
        await using var host = await VideoHost.StartAsync([], gateway: options => options.ParkedRequestsMax = 1);
        await host.CreateAsync();
        await host.Host.WaitingAsync(1);
        using var form = VideoHost.Form(("prompt", "x"), ("model", "m"));
        await host.Client.PostAsync("/v1/videos", form).ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        Assert.Single(host.Spooled);
    }

    [Fact]
    public async Task UsageThatCannotBeKept_IsNoVideo()
    {
        await using var host = await VideoHost.StartAsync([]);
        host.Host.Outbox.IsHealthy = false;
        using var form = VideoHost.Form(("prompt", "x"), ("model", "m"));
        await host.Client.PostAsync("/v1/videos", form).ErrorAsync(HttpStatusCode.ServiceUnavailable, "metering_unavailable");
    }

    private static MultipartFormDataContent WithFile(int bytes) => new()
    {
        { new StringContent("x"), "prompt" },
        { new ByteArrayContent(new byte[bytes]), "input_reference", "a.mp4" },
        { new StringContent("m"), "model" },
    };

    private static Int128? LimitOf(VideoHost host)
    {
        var project = host.Host.Accounts.ProjectOf(GatewayHost.Project);
        lock (project.Gate)
        {
            return project.VideosOf("m").Limit;
        }
    }

    private static void NothingIsLeft(VideoHost host)
    {
        Assert.Empty(host.Spooled);
        Assert.Empty(host.Book.All());
        Assert.Empty(host.Host.Outbox.Records);
        Assert.Equal(Int128.Zero, host.Host.Reserved());
    }

    /// <summary>Some bytes, and then none for ever.</summary>
    private sealed class StuckStream(int bytes) : Stream
    {
        private int _left = bytes;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left == 0)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            }
            var read = Math.Min(_left, buffer.Length);
            _left -= read;
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
