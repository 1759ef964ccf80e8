using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;

namespace Podvirt.Gateway.Surfaces;

/// <summary>The client's side of one exchange. Decides when the status goes out, which is as late as possible.</summary>
internal sealed class ClientReply(Exchange exchange)
{
    private readonly HttpResponse _response = exchange.Http.Response;
    private PipeWriter? _writer;
    private ReplicaSlots? _toldReplica;

    public PipeWriter Writer => _writer ??= _response.BodyWriter;

    /// <summary>The status is out, or about to be: errors go in band from here on.</summary>
    public bool HasBegun { get; private set; }

    public int Status => _response.StatusCode;

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
        if (exchange.Replica is not { } replica || replica == _toldReplica)
        {
            return;
        }
        _toldReplica = replica;
        var writer = Writer;
        writer.Write(": podvirt replica="u8);
        WriteAscii(writer, replica.Route.Id);
        writer.Write(" affinity="u8);
        WriteAscii(writer, SessionMemory.NameOf(exchange.Affinity));
        writer.Write(" parked_ms="u8);
        WriteNumber(writer, (long)exchange.Parked.TotalMilliseconds);
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
        try
        {
            await Writer.FlushAsync(exchange.Http.RequestAborted);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            exchange.Http.Abort();
        }
    }

    /// <summary>Tells an error: as a status while there is none, else in band and without an end mark.</summary>
    public async Task FailAsync(ApiError error)
    {
        if (!HasBegun)
        {
            HasBegun = true;
            SetRoutingHeaders();
            await ApiErrorWriter.WriteReplyAsync(exchange.Http, error);
            return;
        }
        ApiErrorWriter.WriteEvent(Writer, error);
        await Writer.FlushAsync(exchange.Http.RequestAborted);
    }

    /// <summary>Sends what was written. False when the client has gone. The engine is not blamed for a slow client.</summary>
    public ValueTask<bool> FlushAsync(RelayGuard guard)
    {
        ValueTask<FlushResult> flush;
        try
        {
            flush = Writer.FlushAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return new ValueTask<bool>(false);
        }
        // Nearly always: the socket took it at once.
        return flush.IsCompletedSuccessfully ? new ValueTask<bool>(IsTaken(flush.Result)) : WaitAsync(flush, guard);
    }

    private static async ValueTask<bool> WaitAsync(ValueTask<FlushResult> flush, RelayGuard guard)
    {
        guard.Pause();
        try
        {
            return IsTaken(await flush);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false;
        }
        finally
        {
            guard.Resume();
        }
    }

    private static bool IsTaken(FlushResult flushed) => !flushed.IsCompleted && !flushed.IsCanceled;

    private void SetRoutingHeaders()
    {
        var headers = _response.Headers;
        if (exchange.Replica is { } replica)
        {
            _toldReplica = replica;
            headers["x-podvirt-replica"] = replica.Route.Id;
            headers["x-podvirt-affinity"] = SessionMemory.NameOf(exchange.Affinity);
        }
        headers["Server-Timing"] = string.Create(
            CultureInfo.InvariantCulture,
            $"auth;dur={exchange.Authenticated.TotalMilliseconds:0.###}, parked;dur={exchange.Parked.TotalMilliseconds:0.###}, connect;dur={exchange.Connected.TotalMilliseconds:0.###}");
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
