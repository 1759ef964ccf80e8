using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Podvirt.Gateway.Playground;

/// <summary>
/// One request within the process. <see cref="Status"/> and <see cref="Headers"/> hold from the first byte of
/// <see cref="Body"/> on, or from its end. A reader that does not read slows the engine down, as a slow client would.
/// </summary>
public sealed class PlaygroundCall : IHttpRequestLifetimeFeature, IDisposable
{
    // What a connection holds of what its client has not taken; see GatewayKestrel.
    private const int BufferBytesMax = 64 * 1024;

    private readonly Pipe _pipe = new(new PipeOptions(
        pauseWriterThreshold: BufferBytesMax, resumeWriterThreshold: BufferBytesMax / 2, useSynchronizationContext: false));

    private readonly CancellationTokenSource _aborted = new();
    private readonly DefaultHttpContext _context;
    private volatile bool _isRecorded;

    private PlaygroundCall(IEnumerable<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> body)
    {
        var request = new HttpRequestFeature
        {
            Method = HttpMethods.Post,
            Path = "/v1/chat/completions",
            Protocol = HttpProtocol.Http11,
            Scheme = Uri.UriSchemeHttp,
            Body = MemoryMarshal.TryGetArray(body, out var array)
                ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
                : new MemoryStream(body.ToArray(), writable: false),
        };
        foreach (var (name, value) in headers)
        {
            request.Headers[name] = value;
        }
        request.Headers.ContentType = "application/json";
        request.Headers.ContentLength = body.Length;
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpResponseFeature>(new HttpResponseFeature());
        features.Set<IHttpResponseBodyFeature>(new ReplyBody(_pipe.Writer));
        features.Set<IHttpRequestLifetimeFeature>(this);
        features.Set(this);
        _context = new DefaultHttpContext(features);
        RequestHeaders = request.Headers;
    }

    /// <summary>Begins a call.</summary>
    /// <param name="headers">As a client would send them.</param>
    /// <param name="body">Not changed until the call has ended.</param>
    /// <param name="serve">Answers it, as it would a client's.</param>
    public static PlaygroundCall Begin(
        IEnumerable<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> body, Func<HttpContext, Task> serve)
    {
        ArgumentNullException.ThrowIfNull(headers);
        ArgumentNullException.ThrowIfNull(serve);
        var call = new PlaygroundCall(headers, body);
        call.Ended = call.RunAsync(serve);
        return call;
    }

    /// <summary>As the gateway saw them.</summary>
    public IHeaderDictionary RequestHeaders { get; }

    /// <summary>The HTTP status that a client would have got.</summary>
    public int Status => _context.Response.StatusCode;

    public IHeaderDictionary Headers => _context.Response.Headers;

    /// <summary>The bytes that a client would have got.</summary>
    public PipeReader Body => _pipe.Reader;

    /// <summary>Completes after the usage record, if there is one, and never fails.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>A defect of whoever served it; null: none. Final once it has <see cref="Ended"/>; what was said before stands.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Whether there is, or will be, a usage record. Final once it has <see cref="Ended"/>: what is refused at once has none.</summary>
    public bool IsRecorded => _isRecorded;

    CancellationToken IHttpRequestLifetimeFeature.RequestAborted
    {
        get => _aborted.Token;
        set => throw new NotSupportedException("The call has one token.");
    }

    /// <summary>As a client that leaves: the engine is stopped, and what it had counted is billed.</summary>
    public void Abort()
    {
        _aborted.Cancel();
        // Where it waits for its reader, it waits no longer.
        _pipe.Writer.CancelPendingFlush();
    }

    /// <summary>After <see cref="Ended"/>.</summary>
    public void Dispose() => _aborted.Dispose();

    /// <summary>Whoever serves says that there is a usage record.</summary>
    public void Recorded() => _isRecorded = true;

    private async Task RunAsync(Func<HttpContext, Task> serve)
    {
        // The caller goes on at once.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await serve(_context);
        }
        catch (Exception e)
        {
            // Whoever wants no more of it need not be told that it ended.
            Failure = e is OperationCanceledException && _aborted.IsCancellationRequested ? null : e;
        }
        await _pipe.Writer.CompleteAsync();
    }

    private sealed class ReplyBody(PipeWriter writer) : IHttpResponseBodyFeature
    {
        public Stream Stream { get; } = writer.AsStream(leaveOpen: true);

        public PipeWriter Writer => writer;

        public void DisableBuffering()
        {
            // Nothing is held back.
        }

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("The gateway sends no files.");

        public async Task CompleteAsync() => await writer.CompleteAsync();
    }
}
