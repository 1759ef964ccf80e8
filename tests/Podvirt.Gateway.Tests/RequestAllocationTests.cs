using System.Diagnostics;
using System.Diagnostics.Tracing;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests;

/// <summary>
/// What one request costs in allocated bytes, above what Kestrel itself allocates for the same request and the same
/// answer. Client and engine are plain threads over blocking sockets that allocate nothing. It counts for the whole
/// process, so it measures in a process of its own, which no other test runs in.
/// </summary>
public sealed class RequestAllocationTests(ITestOutputHelper output)
{
    private const int WarmUp = 3000;
    private const int Requests = 3000;

    /// <summary>Of the gateway, for one request.</summary>
    private const int BytesMax = 4096;

    [Fact(Timeout = 120_000)]
    public async Task Request_AllocatesLittleAboveKestrel()
    {
        using var child = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["exec", typeof(RequestAllocationTests).Assembly.Location, "-noLogo", "-noColor", "-showLiveOutput", "-explicit", "only",
                "-method", $"{typeof(RequestAllocationTests)}.{nameof(Child_MeasuresOneKindOfRequest)}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        try
        {
            var text = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
            output.WriteLine(text);
            Assert.True(child.ExitCode == 0, text);
            Assert.Contains(Measured(stream: true), text, StringComparison.Ordinal);
            Assert.Contains(Measured(stream: false), text, StringComparison.Ordinal);
        }
        finally
        {
            if (!child.HasExited)
            {
                child.Kill();
            }
        }
    }

    private static string Measured(bool stream) => $"stream={stream}: Kestrel ";

    /// <summary>
    /// Not by itself: what the child runs. With <c>PODVIRT_TEST_ALLOCATIONS</c> set it also says what was allocated, by type.
    /// </summary>
    [Theory(Explicit = true)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Child_MeasuresOneKindOfRequest(bool stream)
    {
        var body = stream ? Calls.StreamBody : Calls.PlainBody;
        var engineAnswer = stream
            ? Replies.StreamHead() + Replies.Chunk(new SampleReply(true, true, true, true).Events) + "0\r\n\r\n"
            : $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(s_plain)}\r\n\r\n{s_plain}";
        var clientAnswer = Encoding.UTF8.GetBytes(stream ? new SampleReply(true, true, false, false).Events : s_plain);
        var end = stream ? "0\r\n\r\n" : s_plain[^12..];

        await using var kestrel = await StartBareAsync(clientAnswer, stream);
        var bare = await MeasureAsync(AddressOf(kestrel), body, end, null);

        using var engine = new BlockingEngine(Encoding.UTF8.GetBytes(engineAnswer));
        await using var host = await GatewayHost.StartAsync(services: services => services.AddSingleton<IUsageOutbox, NoOutbox>());
        await host.PublishAsync(Routes.Active("m", []) with { Replicas = [Routes.Replica("m-0", engine.Address)] });
        var gateway = await MeasureAsync(host.Address, body, end, Environment.GetEnvironmentVariable("PODVIRT_TEST_ALLOCATIONS"));
        output.WriteLine($"{Measured(stream)}{bare} B, gateway {gateway} B, above {gateway - bare} B a request");
        Assert.True(gateway - bare <= BytesMax, $"{gateway} bytes a request, {bare} of them Kestrel's");
    }

    private static readonly string s_plain = new SampleReply(true, false, false, false).Plain;

    private async Task<long> MeasureAsync(Uri address, string body, string end, string? profile)
    {
        using var client = new BlockingClient(address, body, end);
        await client.RunAsync(WarmUp);
        using var ticks = profile is null ? null : new AllocationTicks();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await client.RunAsync(Requests);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        if (ticks is not null)
        {
            output.WriteLine(ticks.Report());
        }
        return allocated / Requests;
    }

    private static Uri AddressOf(WebApplication app) =>
        new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    private static async Task<WebApplication> StartBareAsync(byte[] answer, bool stream)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapPost(Calls.Chat, async context =>
        {
            while (true)
            {
                var read = await context.Request.BodyReader.ReadAsync();
                context.Request.BodyReader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }
            context.Response.ContentType = stream ? "text/event-stream; charset=utf-8" : "application/json";
            context.Response.ContentLength = stream ? null : answer.Length;
            await context.Response.BodyWriter.WriteAsync(answer);
        });
        await app.StartAsync();
        return app;
    }

    /// <summary>Durable at once.</summary>
    private sealed class NoOutbox : IUsageOutbox
    {
        public bool IsHealthy => true;

        public ValueTask AppendAsync(UsageRecord record, CancellationToken cancellationToken = default) => default;

        public ValueTask AppendAsync(UsageRecord record, StoredReply reply, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask CheckpointAsync(IReadOnlyList<IRunningUsage> running, CancellationToken cancellationToken = default)
        {
            foreach (var usage in running)
            {
                _ = usage.TakeCheckpoint();
            }
            return default;
        }

        public bool TryHold(UsageRecord record) => false;
    }

    private sealed class BlockingClient : IDisposable
    {
        private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly byte[] _request;
        private readonly byte[] _end;
        private readonly byte[] _buffer = new byte[64 * 1024];

        public BlockingClient(Uri address, string body, string end)
        {
            _end = Encoding.UTF8.GetBytes(end);
            _request = Encoding.UTF8.GetBytes(
                $"POST {Calls.Chat} HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {GatewayHost.Secret}\r\nContent-Type: application/json\r\n"
                + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");
            _socket.Connect(IPAddress.Loopback, address.Port);
        }

        public Task RunAsync(int requests) => Task.Factory.StartNew(() => Run(requests), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        public void Dispose() => _socket.Dispose();

        private void Run(int requests)
        {
            for (var i = 0; i < requests; i++)
            {
                _socket.Send(_request);
                var length = 0;
                while (!_buffer.AsSpan(0, length).EndsWith(_end))
                {
                    var read = _socket.Receive(_buffer.AsSpan(length));
                    if (read == 0)
                    {
                        throw new InvalidOperationException($"The answer ended: {Encoding.UTF8.GetString(_buffer, 0, length)}");
                    }
                    length += read;
                }
                if (i == 0 && !_buffer.AsSpan(0, length).StartsWith("HTTP/1.1 200"u8))
                {
                    throw new InvalidOperationException(Encoding.UTF8.GetString(_buffer, 0, length));
                }
            }
        }
    }

    /// <summary>Answers every request on every connection with the same bytes.</summary>
    private sealed class BlockingEngine : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly byte[] _answer;

        public BlockingEngine(byte[] answer)
        {
            _answer = answer;
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen();
            Address = $"http://{_listener.LocalEndPoint}";
            new Thread(Accept) { IsBackground = true }.Start();
        }

        public string Address { get; }

        public void Dispose() => _listener.Dispose();

        private void Accept()
        {
            try
            {
                while (true)
                {
                    var socket = _listener.Accept();
                    socket.NoDelay = true;
                    new Thread(() => Serve(socket)) { IsBackground = true }.Start();
                }
            }
            catch (SocketException)
            {
                // Disposed of.
            }
        }

        // All requests are of this test's making: each ends with the closing of its JSON.
        private void Serve(Socket socket)
        {
            using var owned = socket;
            var buffer = new byte[16 * 1024];
            try
            {
                var length = 0;
                int read;
                while ((read = socket.Receive(buffer.AsSpan(length))) > 0)
                {
                    length += read;
                    if (buffer.AsSpan(0, length).EndsWith("}]}"u8))
                    {
                        socket.Send(_answer);
                        length = 0;
                    }
                }
            }
            catch (SocketException)
            {
                // The gateway closed it.
            }
        }
    }

    /// <summary>Samples what is allocated: the runtime reports one object in about every 100 KB.</summary>
    private sealed class AllocationTicks : EventListener
    {
        private readonly Dictionary<string, long> _bytes = new(StringComparer.Ordinal);

        public string Report()
        {
            lock (_bytes)
            {
                var total = _bytes.Values.Sum();
                return string.Join('\n', _bytes.OrderByDescending(b => b.Value).Take(60).Select(b => $"{b.Value / Requests,8} B {100.0 * b.Value / total,5:0.0} % {b.Key}"));
            }
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Microsoft-Windows-DotNETRuntime")
            {
                EnableEvents(eventSource, EventLevel.Verbose, (EventKeywords)1);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventName is not { } name || !name.StartsWith("GCAllocationTick", StringComparison.Ordinal))
            {
                return;
            }
            var at = eventData.PayloadNames!.IndexOf("TypeName");
            var amount = eventData.PayloadNames!.IndexOf("AllocationAmount64");
            lock (_bytes)
            {
                var type = (string)eventData.Payload![at]!;
                _bytes[type] = _bytes.GetValueOrDefault(type) + (long)(ulong)eventData.Payload![amount]!;
            }
        }
    }
}
