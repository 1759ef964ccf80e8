using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;

namespace Podvirt.Gateway.Surfaces;

/// <summary>
/// The client's side of one exchange. Decides when the status goes out, which is as late as possible, and gives a client
/// up that does not take what is there for it.
/// </summary>
internal sealed class ClientReply : IDisposable
{
    // What the host still sends when the request is over gets this much longer before the host's own limit ends it.
    private static readonly TimeSpan s_hostsDelay = TimeSpan.FromSeconds(5);

    private readonly Exchange _exchange;
    private readonly HttpResponse _response;
    private readonly ClientPace _pace;
    private PipeWriter? _writer;
    private ReplicaSlots? _toldReplica;

    public ClientReply(Exchange exchange, GatewayOptions options, TimeProvider time)
    {
        _exchange = exchange;
        _response = exchange.Http.Response;
        // Over HTTP/2 this ends the one stream, not its connection.
        _pace = new ClientPace(options, time, exchange.Http.Abort);
        if (exchange.Http.Features.Get<IHttpMinResponseDataRateFeature>() is { } hosts)
        {
            hosts.MinDataRate = HostsLimit(options);
        }
    }

    /// <summary>
    /// The host's own limit, so wide that a client is always given up here first: it is for what the host sends after the
    /// end. Over HTTP/2 it can be set for a whole server only.
    /// </summary>
    public static MinDataRate HostsLimit(GatewayOptions options) => new(options.ClientRateMin, options.ClientGrace + s_hostsDelay);

    public PipeWriter Writer => _writer ??= _response.BodyWriter;

    /// <summary>Why the client is gone, as usage records say it.</summary>
    public string GoneReason => _pace.IsTooSlow ? "client_too_slow" : "client_gone";

    /// <summary>The status is out, or about to be: errors go in band from here on.</summary>
    public bool HasBegun { get; private set; }

    public int Status => _response.StatusCode;

    /// <summary>The number of the next event, where they are numbered.</summary>
    public long NextSequence { get; set; }

    /// <summary>Starts the event stream. Where there is a replica, the headers name it.</summary>
    public void BeginStream(bool whileParked)
    {
        if (HasBegun)
        {
            return;
        }
        HasBegun = true;
        _response.StatusCode = StatusCodes.Status200OK;
        _response.ContentType = "text/event-stream; charset=utf-8";
        _response.Headers.CacheControl = "no-cache";
        // Some reverse proxies would hold the stream back otherwise.
        _response.Headers["X-Accel-Buffering"] = "no";
        if (!whileParked)
        {
            SetRoutingHeaders();
        }
    }

    /// <summary>Starts a plain reply.</summary>
    public void BeginPlain(int status, string contentType, long? contentLength)
    {
        HasBegun = true;
        _response.StatusCode = status;
        _response.ContentType = contentType.Length == 0 ? null : contentType;
        _response.ContentLength = contentLength;
        SetRoutingHeaders();
    }

    /// <summary>Where the headers went out before there was a replica, or name one that failed since, one comment says what they do not.</summary>
    public void TellRouting()
    {
        if (_exchange.Replica is not { } replica || replica == _toldReplica)
        {
            return;
        }
        _toldReplica = replica;
        var writer = Writer;
        writer.Write(": podvirt replica="u8);
        WriteAscii(writer, replica.Route.Id);
        writer.Write(" affinity="u8);
        WriteAscii(writer, SessionMemory.NameOf(_exchange.Affinity));
        writer.Write(" parked_ms="u8);
        WriteNumber(writer, (long)_exchange.Parked.TotalMilliseconds);
        writer.Write("\n\n"u8);
    }

    /// <summary>One comment: what the client waits for. Only between complete events.</summary>
    /// <param name="what">A word.</param>
    /// <param name="eta">What is left; null, or nothing left: not said.</param>
    public void WriteWaiting(string what, TimeSpan? eta, string? phase = null)
    {
        var writer = Writer;
        writer.Write(": "u8);
        WriteAscii(writer, what);
        if (eta is { TotalMilliseconds: >= 1 } left)
        {
            writer.Write(" eta_ms="u8);
            WriteNumber(writer, (long)left.TotalMilliseconds);
        }
        if (phase is not null)
        {
            writer.Write(" phase="u8);
            WriteAscii(writer, phase.Replace(' ', '-'));
        }
        writer.Write("\n\n"u8);
    }

    /// <summary>Sends a comment. A client that has gone is seen by those who wait with it.</summary>
    public async ValueTask FlushCommentAsync()
    {
        if (!await FlushAsync())
        {
            _exchange.Http.Abort();
        }
    }

    /// <summary>Tells an error: as a status while there is none, else in band and without an end mark.</summary>
    public async Task FailAsync(ApiError error)
    {
        if (!HasBegun)
        {
            HasBegun = true;
            SetRoutingHeaders();
            ApiErrorWriter.WriteReply(_exchange.Http, error);
        }
        else
        {
            WriteError(error);
        }
        await FlushAsync();
    }

    /// <summary>One event that tells an error, not sent. The stream ends after it, without an end mark.</summary>
    public void WriteError(ApiError error) => ApiErrorWriter.WriteEvent(Writer, error, _exchange.Surface.Kind, _exchange.Id, NextSequence);

    /// <summary>
    /// Sends what was written; waits while the client has more to take than the host holds for it. False when the client
    /// has gone, or was given up.
    /// </summary>
    /// <param name="guard">Of the relay: its engine is not blamed for a slow client.</param>
    public ValueTask<bool> FlushAsync(RelayGuard? guard = null)
    {
        var writer = Writer;
        var bytes = writer.CanGetUnflushedBytes ? writer.UnflushedBytes : 0;
        ValueTask<FlushResult> flushing;
        try
        {
            flushing = writer.FlushAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return new ValueTask<bool>(false);
        }
        if (!flushing.IsCompletedSuccessfully)
        {
            return WaitAsync(flushing, bytes, guard);
        }
        // Nearly always: the socket took it at once.
        _pace.Moved(bytes);
        return new ValueTask<bool>(IsTaken(flushing.Result));
    }

    /// <summary>Sends what was written and the response's own end, together.</summary>
    public async ValueTask<bool> CompleteAsync(RelayGuard guard)
    {
        var completing = _response.CompleteAsync();
        return completing.IsCompletedSuccessfully || await WaitAsync(EndAsync(completing), bytes: 0, guard);

        static async ValueTask<FlushResult> EndAsync(Task completing)
        {
            await completing;
            return default;
        }
    }

    // Over HTTP/2 every flush waits for a moment: without the pool each would cost an allocation.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> WaitAsync(ValueTask<FlushResult> flushing, long bytes, RelayGuard? guard)
    {
        guard?.Pause();
        _pace.Credit(bytes);
        _pace.Start();
        try
        {
            return IsTaken(await flushing);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false;
        }
        finally
        {
            _pace.Stop();
            guard?.Resume();
        }
    }

    private bool IsTaken(FlushResult flushed) => !flushed.IsCompleted && !flushed.IsCanceled && !_pace.IsTooSlow;

    public void Dispose() => _pace.Dispose();

    private void SetRoutingHeaders()
    {
        var headers = _response.Headers;
        if (_exchange.Replica is { } replica)
        {
            _toldReplica = replica;
            headers["x-podvirt-replica"] = replica.Route.Id;
            headers["x-podvirt-affinity"] = SessionMemory.NameOf(_exchange.Affinity);
        }
        headers["Server-Timing"] = string.Create(
            CultureInfo.InvariantCulture,
            $"auth;dur={_exchange.Authenticated.TotalMilliseconds:0.###}, parked;dur={_exchange.Parked.TotalMilliseconds:0.###}, connect;dur={_exchange.Connected.TotalMilliseconds:0.###}");
    }

    private static void WriteAscii(PipeWriter writer, string text)
    {
        var span = writer.GetSpan(text.Length);
        writer.Advance(System.Text.Encoding.ASCII.GetBytes(text, span));
    }

    private static void WriteNumber(PipeWriter writer, long number)
    {
        var span = writer.GetSpan(20);
        Utf8Formatter.TryFormat(number, span, out var written);
        writer.Advance(written);
    }
}
