using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Videos.Forms;

namespace Podvirt.Gateway.Videos.Engine;

/// <summary>
/// Talks to engines about jobs, in vllm-omni's words. Over connections of its own: an upload or a video would hold those of the relay for
/// minutes. Every question ends within a time, and none throws for what an engine does.
/// </summary>
internal sealed class VideoEngine : IDisposable
{
    private const string Path = "/v1/videos";

    // Of an answer that is no video, far more than a job has.
    private const int AnswerBytesMax = 1024 * 1024;

    private readonly HttpMessageInvoker _http;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;

    public VideoEngine(GatewayOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = options.IdleConnectionTimeMax,
        });
    }

    /// <summary>Sends a job from its spool, without holding it.</summary>
    public Task<EngineAnswer> CreateAsync(ReplicaRoute replica, VideoJob job, Func<FileStream> spool, CancellationToken cancellationToken) => AskAsync(
        replica, HttpMethod.Post, "", new SpooledContent(job, replica.ServedAs, spool), _options.HeadTimeout, cancellationToken);

    public Task<EngineAnswer> ShowAsync(ReplicaRoute replica, string id, CancellationToken cancellationToken) =>
        AskAsync(replica, HttpMethod.Get, "/" + Uri.EscapeDataString(id), content: null, _options.Videos.CallTimeout, cancellationToken);

    /// <summary>Cancels a job, or has its file forgotten. Answers <see cref="AnswerKind.Refused"/> where it cannot be cancelled yet.</summary>
    public Task<EngineAnswer> DeleteAsync(ReplicaRoute replica, string id, CancellationToken cancellationToken) =>
        AskAsync(replica, HttpMethod.Delete, "/" + Uri.EscapeDataString(id), content: null, _options.Videos.CallTimeout, cancellationToken);

    /// <summary>Fetches a finished video into a file.</summary>
    /// <returns>Null: all of it is there.</returns>
    /// <exception cref="IOException">The file could not be written.</exception>
    public async Task<EngineAnswer?> FetchAsync(ReplicaRoute replica, string id, FileStream file, CancellationToken cancellationToken)
    {
        // One answer's time for the head and for every further piece: an engine may send for long, but not stay silent.
        using var silence = new CancellationTokenSource(_options.Videos.CallTimeout, _time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        using var request = Request(replica, HttpMethod.Get, $"/{Uri.EscapeDataString(id)}/content", content: null);
        try
        {
            using var response = await _http.SendAsync(request, ended.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return AnswerOf(response, await ReadAsync(response, ended.Token));
            }
            var bytesMax = _options.Videos.FileBytesMax;
            if (response.Content.Headers.ContentLength > bytesMax)
            {
                return new EngineAnswer(AnswerKind.Refused, Error: VideoErrors.FileTooLarge(bytesMax));
            }
            var content = await response.Content.ReadAsStreamAsync(ended.Token);
            var buffer = new byte[64 * 1024];
            while (true)
            {
                silence.CancelAfter(_options.Videos.CallTimeout);
                var read = await content.ReadAsync(buffer, ended.Token);
                if (read == 0)
                {
                    return file.Length == 0 ? Trouble(TroubleKind.BadResponse, "Its video has no bytes.") : null;
                }
                if (file.Length + read > bytesMax)
                {
                    return new EngineAnswer(AnswerKind.Refused, Error: VideoErrors.FileTooLarge(bytesMax));
                }
                await WriteAsync(file, buffer.AsMemory(0, read), cancellationToken);
            }
        }
        catch (Exception e) when (IsTrouble(e, cancellationToken))
        {
            return TroubleOf(e, "while it sent its video");
        }
    }

    public void Dispose() => _http.Dispose();

    // A disk that fails is no trouble of the engine's.
    private static async Task WriteAsync(FileStream file, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await file.WriteAsync(bytes, cancellationToken);
        }
        catch (IOException e)
        {
            throw new Files.VideoFilesException($"The video could not be written: {e.Message}", e);
        }
    }

    private async Task<EngineAnswer> AskAsync(
        ReplicaRoute replica, HttpMethod method, string path, HttpContent? content, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, _time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var request = Request(replica, method, path, content);
        try
        {
            using var response = await _http.SendAsync(request, ended.Token);
            return AnswerOf(response, await ReadAsync(response, ended.Token));
        }
        catch (Exception e) when (IsTrouble(e, cancellationToken))
        {
            return TroubleOf(e, "before it had answered");
        }
    }

    private static HttpRequestMessage Request(ReplicaRoute replica, HttpMethod method, string path, HttpContent? content)
    {
        var request = new HttpRequestMessage(method, new Uri(replica.Address.TrimEnd('/') + Path + path)) { Content = content };
        if (replica.ApiKey.Length > 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", replica.ApiKey);
        }
        return request;
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var content = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while (body.Length < AnswerBytesMax && (read = await content.ReadAsync(buffer, cancellationToken)) > 0)
        {
            body.Write(buffer, 0, read);
        }
        return body.ToArray();
    }

    // A job that failed is answered with an error's status, and the job.
    private EngineAnswer AnswerOf(HttpResponseMessage response, ReadOnlyMemory<byte> body)
    {
        var status = (int)response.StatusCode;
        if (EngineJob.Read(body) is { } job && (status is >= 200 and < 300 || job.IsFailed))
        {
            return new EngineAnswer(AnswerKind.Job, job);
        }
        var after = response.Headers.RetryAfter is { } said ? said.Delta ?? said.Date - _time.GetUtcNow() : null;
        return status switch
        {
            < 200 or (>= 300 and < 400) => Trouble(TroubleKind.BadResponse, $"It answered with status {status}."),
            < 300 when response.RequestMessage?.Method == HttpMethod.Delete => new EngineAnswer(AnswerKind.Gone),
            < 300 => Trouble(TroubleKind.BadResponse, "It answered with something that is no job."),
            404 => new EngineAnswer(AnswerKind.Gone, Detail: "It does not know the job."),
            429 => new EngineAnswer(AnswerKind.Busy, RetryAfter: after),
            503 when after is not null => new EngineAnswer(AnswerKind.Busy, RetryAfter: after),
            < 500 => new EngineAnswer(AnswerKind.Refused, Error: EngineErrors.Normalise(status, body.Span)),
            _ => Trouble(TroubleKind.BadResponse, $"It answered with status {status}: {EngineErrors.Normalise(status, body.Span).Message}"),
        };
    }

    // A connection that an engine resets before its use is a bare SocketException.
    private static bool IsTrouble(Exception e, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && e is HttpRequestException or SocketException or IOException and not Files.VideoFilesException or OperationCanceledException;

    private static EngineAnswer TroubleOf(Exception e, string when) => e switch
    {
        OperationCanceledException { InnerException: TimeoutException } => Trouble(TroubleKind.Unreachable, "It took no connection in time."),
        OperationCanceledException => Trouble(TroubleKind.Stalled, $"It was silent for too long {when}."),
        HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } => Trouble(TroubleKind.Unreachable, e.Message),
        _ => Trouble(TroubleKind.Died, $"The connection broke {when}: {e.Message}"),
    };

    private static EngineAnswer Trouble(TroubleKind kind, string detail) => new(AnswerKind.Trouble, Detail: detail, Trouble: kind);
}
