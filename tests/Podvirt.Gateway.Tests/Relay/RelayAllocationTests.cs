using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Http;
using Podvirt.Core.Projects;
using Podvirt.Core.Requests;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>The relay over pipes in memory, on one thread: what it allocates is its own.</summary>
public sealed class RelayAllocationTests
{
    private const int Events = 20_000;

    // Rents of the array pool's first arrays, and again of some after a collection that tests beside this one caused, and an async box: the same
    // for one event and for all. The least that an event could allocate is 24 bytes: 480,000 for all.
    private const long SlackBytes = 32 * 1024;

    // Unoptimised code keeps the state of an async method on the heap even where it never waits: the flush after each read.
#if DEBUG
    private const long BytesPerRead = 96;
#else
    private const long BytesPerRead = 0;
#endif

    [Theory]
    [InlineData(false, 1, true, false, Events)]
    [InlineData(true, 1, true, false, Events)]
    [InlineData(false, 7, true, false, Events)]
    [InlineData(false, 1, false, false, Events)]
    [InlineData(true, 7, false, false, Events)]
    // Every flush waits for the client.
    [InlineData(false, 1, true, true, Events)]
    [InlineData(true, 7, false, true, Events)]
    // Nothing allocated for a million: nothing for a collection to grow by.
    [InlineData(false, 1, true, false, 1_000_000)]
    // Within a limit.
    [InlineData(false, 1, true, false, Events, true)]
    // Events with types.
    [InlineData(false, 1, true, false, Events, false, "responses")]
    [InlineData(false, 7, true, true, Events, false, "messages")]
    public void Events_AllocateNothingAfterWarmUp(
        bool wantsUsage, int eventsPerRead, bool chunked, bool slowClient, int events, bool isLimited = false, string surface = "chat")
    {
        var relayed = new ScriptedInput(wantsUsage, eventsPerRead, chunked, slowClient, isLimited, surface);
        var task = relayed.Relay.RunAsync(relayed.Head).AsTask();

        relayed.Pump(Events / 10);
        var before = GC.GetAllocatedBytesForCurrentThread();
        relayed.Pump(events);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.False(task.IsCompleted);
        Assert.True(relayed.BytesOut > events * 50L, $"only {relayed.BytesOut} bytes arrived");
        Assert.True(allocated <= SlackBytes + (BytesPerRead * events / eventsPerRead), $"{allocated} bytes for {events} events");
        relayed.Relay.Dispose();
    }

    /// <summary>Both ends of a relay. Continuations run inline, so each pump relays before it returns.</summary>
    private sealed class ScriptedInput
    {
        private readonly Pipe _input;
        private readonly Pipe _output;
        private readonly byte[] _read;
        private readonly int _eventsPerRead;

        public ScriptedInput(bool wantsUsage, int eventsPerRead, bool chunked, bool slowClient, bool isLimited, string surfaceName)
        {
            var (surface, sample, streamBody) = surfaceName switch
            {
                "responses" => (Surface.Responses, ResponseApi.Delta("Hello", 5), ResponseApi.StreamBody),
                "messages" => (Surface.Messages, MessageApi.Text("Hello"), MessageApi.StreamBody),
                _ => (Surface.ChatCompletions, Replies.Delta("Hello", 5), Calls.StreamBody),
            };
            _input = new Pipe(Inline(pauseAt: 0));
            _output = new Pipe(Inline(pauseAt: slowClient ? 1 : 0));
            _eventsPerRead = eventsPerRead;
            // The last event of each read is split: it goes on in the next.
            var events = string.Concat(Enumerable.Repeat(sample, eventsPerRead));
            _read = Encoding.UTF8.GetBytes(Framed(events[20..] + events[..20]));

            var http = new DefaultHttpContext();
            http.Features.Set<IHttpResponseBodyFeature>(new PipeBody(_output.Writer));
            var body = Encoding.UTF8.GetBytes(wantsUsage
                ? """{"model":"m","stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true},"messages":[{"role":"user","content":"x"}]}"""
                : streamBody);
            Assert.Null(RequestPeeker.Peek(body, surface.Kind, out var request));
            var options = new GatewayOptions();
            var connector = new UpstreamConnector(options, new SocketTransport(), TimeProvider.System);
            var accounts = new Accounts(new RateBoard(TimeProvider.System), TimeProvider.System);
            var key = accounts.ProjectOf("p").KeyOf("k");
            key.Project.Set(new Plan { Id = "p", TokensPerMonth = new ModelLimits(isLimited ? 1_000_000 : null, ModelLimits.None.Models) }, isArchived: false, 0);
            Assert.Null(new AdmissionControl(accounts, options).Admit(http.Response, key, "m", request, body.Length, surface, out var reservation));
            Assert.Equal(isLimited, reservation is not null);
            var exchange = new Exchange(http, Guid.Empty, surface, TimeProvider.System)
            {
                Caller = key.Caller,
                Reservation = reservation,
                Body = body,
                Request = request,
                Dispatcher = new ModelDispatcher(Routes.Cold("m"), options, connector, TimeProvider.System, static () => { }),
                Session = 1,
            };
            var connection = new UpstreamConnection(new Duplex(_input.Reader, PipeWriter.Create(Stream.Null)), () => { }, () => default);
            var guard = new RelayGuard(connection, TimeSpan.FromMinutes(5), TimeProvider.System, default, default);
            Relay = new StreamRelay(
                exchange, new ClientReply(exchange, options, TimeProvider.System), connection, guard, new UsageRecorder(new FakeOutbox(), accounts, NullLogger<UsageRecorder>.Instance));

            var head = Encoding.UTF8.GetBytes(chunked
                ? Replies.StreamHead()
                : "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
            Assert.Equal(HeadParseResult.Complete, ResponseHead.Parse(head, out var parsed, out _));
            Head = parsed;
            Write(Encoding.UTF8.GetBytes(Framed(events[..20])));

            string Framed(string bytes) => chunked ? Replies.Chunk(bytes) : bytes;
        }

        public StreamRelay Relay { get; }

        public ResponseHead Head { get; }

        public long BytesOut { get; private set; }

        public void Pump(int events)
        {
            for (var i = 0; i < events; i += _eventsPerRead)
            {
                Write(_read);
                while (_output.Reader.TryRead(out var result) && !result.Buffer.IsEmpty)
                {
                    BytesOut += result.Buffer.Length;
                    _output.Reader.AdvanceTo(result.Buffer.End);
                }
            }
        }

        private static PipeOptions Inline(int pauseAt) => new(
            pool: new OwnBlocks(),
            readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false,
            pauseWriterThreshold: pauseAt, resumeWriterThreshold: pauseAt);

        private void Write(ReadOnlySpan<byte> bytes)
        {
            _input.Writer.Write(bytes);
            var flushed = _input.Writer.FlushAsync();
            if (!flushed.IsCompletedSuccessfully)
            {
                throw new InvalidOperationException("A pipe without a threshold never waits.");
            }
        }
    }

    /// <summary>Blocks for these pipes alone: the shared pool runs dry while tests beside this one hold its arrays.</summary>
    private sealed class OwnBlocks : MemoryPool<byte>
    {
        private const int BlockBytes = 4096;

        private readonly Stack<Block> _free = new();

        public override int MaxBufferSize => BlockBytes;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => _free.TryPop(out var block) ? block : new Block(_free);

        protected override void Dispose(bool disposing)
        {
        }

        private sealed class Block(Stack<Block> free) : IMemoryOwner<byte>
        {
            public Memory<byte> Memory { get; } = new byte[BlockBytes];

            public void Dispose() => free.Push(this);
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class PipeBody(PipeWriter writer) : IHttpResponseBodyFeature
    {
        public Stream Stream => throw new NotSupportedException();

        public PipeWriter Writer => writer;

        public Task CompleteAsync() => Task.CompletedTask;

        public void DisableBuffering()
        {
        }

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
