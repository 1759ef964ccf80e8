using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Http;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;
using Podvirt.Gateway;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Upstream;
using Podvirt.Messaging;

namespace Podvirt.Microbenchmarks;

/// <summary>One stream's relay between two pipes in memory. Continuations run inline: what is written is relayed on return.</summary>
internal sealed class RelayOnPipes : IDisposable
{
    private readonly Pipe _input;
    private readonly Pipe _output;
    private readonly RelayGuard _guard;
    private readonly StreamRelay _relay;
    private readonly Task _run;

    public RelayOnPipes(bool wantsUsage)
    {
        var inline = new PipeOptions(
            readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false, pauseWriterThreshold: 0);
        _input = new Pipe(inline);
        _output = new Pipe(inline);
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpResponseBodyFeature>(new PipeBody(_output.Writer));
        var body = Samples.Request(bytes: 0, wantsUsage);
        if (RequestPeeker.Peek(body, RequestSurface.ChatCompletions, out var request) is { } error)
        {
            throw new InvalidOperationException(error.Message);
        }
        var options = new GatewayOptions();
        var connector = new UpstreamConnector(options, new SocketTransport(), TimeProvider.System);
        var route = new ModelRoute
        {
            Model = new ModelSpec { Id = "m", Name = "m", Vendor = "v", Type = ModelType.Chat, Engine = new EngineSpec { Kind = EngineKind.External } },
            Status = ModelStatus.Cold,
        };
        var exchange = new Exchange(http, Guid.Empty, Surface.ChatCompletions, TimeProvider.System)
        {
            Caller = new Caller("p", "k"),
            Body = body,
            Request = request,
            Dispatcher = new ModelDispatcher(route, options, connector, TimeProvider.System, static () => { }),
            Session = 1,
        };
        var connection = new UpstreamConnection(new Duplex(_input.Reader, PipeWriter.Create(Stream.Null)), () => { }, () => default);
        _guard = new RelayGuard(connection, TimeSpan.FromMinutes(5), TimeProvider.System, default, default);
        var recorder = new UsageRecorder(new NoOutbox(), new Accounts(new RateBoard(TimeProvider.System), TimeProvider.System), NullLogger<UsageRecorder>.Instance);
        _relay = new StreamRelay(exchange, new ClientReply(exchange, options, TimeProvider.System), connection, _guard, recorder);
        _ = ResponseHead.Parse(
            Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"), out var head, out _);
        _run = _relay.RunAsync(head).AsTask();
    }

    /// <summary>Relays one read.</summary>
    /// <returns>Bytes that came out.</returns>
    public long Relay(ReadOnlySpan<byte> read)
    {
        _input.Writer.Write(read);
        var flushed = _input.Writer.FlushAsync();
        if (!flushed.IsCompletedSuccessfully || _run.IsCompleted || !_output.Reader.TryRead(out var result))
        {
            throw new InvalidOperationException("The relay has ended or lags behind.");
        }
        var length = result.Buffer.Length;
        _output.Reader.AdvanceTo(result.Buffer.End);
        return length;
    }

    public void Dispose()
    {
        _relay.Dispose();
        _guard.Dispose();
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class NoOutbox : IUsageOutbox
    {
        public bool IsHealthy => true;

        public ValueTask AppendAsync(UsageRecord record, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask AppendAsync(UsageRecord record, StoredReply reply, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask CheckpointAsync(IReadOnlyList<IRunningUsage> running, CancellationToken cancellationToken = default)
        {
            foreach (var usage in running)
            {
                _ = usage.TakeCheckpoint();
            }
            return ValueTask.CompletedTask;
        }

        public bool TryHold(UsageRecord record) => false;
    }

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
