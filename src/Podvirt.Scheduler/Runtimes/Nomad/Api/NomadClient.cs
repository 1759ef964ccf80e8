using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Podvirt.Scheduler.Runtimes.Nomad.Api;

/// <param name="Index">To wait on: a blocking question with it returns when the answer is another.</param>
internal readonly record struct NomadReply<T>(T Value, ulong Index);

/// <summary>
/// Nomad's HTTP API, as far as Podvirt uses it. Every question has a time-out; what Nomad was too busy for, or could not be reached
/// for, is asked again a few times.
/// </summary>
internal sealed partial class NomadClient : IDisposable
{
    private static readonly TimeSpan RetryMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(2);

    /// <summary>Nomad waits up to a sixteenth longer than it was asked to.</summary>
    private const double WaitJitter = 1.0 / 16;

    private const int ErrorCharsMax = 500;

    private readonly NomadOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly string _scope;

    public NomadClient(NomadOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _http = new HttpClient(NomadTransport.Create(options)) { BaseAddress = options.Address, Timeout = Timeout.InfiniteTimeSpan };
        if (options.Token is { Length: > 0 } token)
        {
            _http.DefaultRequestHeaders.Add("X-Nomad-Token", token);
        }

        _scope = $"namespace={Uri.EscapeDataString(options.Namespace)}&region={Uri.EscapeDataString(options.Region)}";
    }

    public void Dispose() => _http.Dispose();

    private async Task<T> GetAsync<T>(string path, string query, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        using var response = await SendAsync(HttpMethod.Get, path, query, null, TimeSpan.Zero, cancellationToken);
        return await ReadAsync(response, path, type, cancellationToken) ?? throw Nothing(path);
    }

    /// <summary>An empty list is written as <c>null</c>.</summary>
    /// <param name="index">Waits for a later answer than that; 0: answers at once.</param>
    private async Task<NomadReply<List<T>>> GetListAsync<T>(
        string path, string query, ulong index, JsonTypeInfo<List<T>> type, CancellationToken cancellationToken)
    {
        var wait = index > 0 ? _options.WaitMax : TimeSpan.Zero;
        using var response = await SendAsync(
            HttpMethod.Get, path, Join(query, Blocking(index, wait)), null, wait + (wait * WaitJitter), cancellationToken);
        return new NomadReply<List<T>>(await ReadAsync(response, path, type, cancellationToken) ?? [], IndexOf(response));
    }

    private async Task<T> WriteAsync<TBody, T>(
        HttpMethod method, string path, string query, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type,
        CancellationToken cancellationToken)
        where T : class
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, bodyType);
        using var response = await SendAsync(method, path, query, bytes, TimeSpan.Zero, cancellationToken);
        return await ReadAsync(response, path, type, cancellationToken) ?? throw Nothing(path);
    }

    /// <summary>Asks, and asks again. The whole answer is there when this returns.</summary>
    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string query, byte[]? body, TimeSpan wait, CancellationToken cancellationToken, int? attempts = null)
    {
        var pause = RetryMin;
        for (var attempt = 1; ; attempt++)
        {
            string trouble;
            Exception? cause = null;
            try
            {
                using var late = new CancellationTokenSource(_options.RequestTimeout + wait, _time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
                using var request = Request(method, path, query, body);
                var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, both.Token);
                if (response.IsSuccessStatusCode)
                {
                    return response;
                }

                using (response)
                {
                    trouble = await ReadErrorAsync(response, both.Token);
                    if (NomadException.Classify(response.StatusCode, trouble) is { } failure)
                    {
                        throw new NomadException(failure, $"Nomad {method} {path}: {trouble}");
                    }
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                trouble = $"no answer within {(_options.RequestTimeout + wait).TotalSeconds:0.#} s";
            }
            catch (Exception exception) when (IsUnreachable(exception))
            {
                (trouble, cause) = (exception.GetBaseException().Message, exception);
            }

            if (attempt >= (attempts ?? _options.Attempts))
            {
                throw new NomadException(NomadFailure.Unavailable, $"Nomad {method} {path}: {trouble}, {attempt} times", cause);
            }

            // Many schedulers' questions fail at the same moment: they come again at different ones.
            await Task.Delay(pause * (0.5 + (Random.Shared.NextDouble() / 2)), _time, cancellationToken);
            pause = pause * 2 > RetryMax ? RetryMax : pause * 2;
        }
    }

    /// <summary>A connection that an agent resets before its use is a bare <see cref="SocketException"/>.</summary>
    private static bool IsUnreachable(Exception exception) => exception is HttpRequestException or SocketException;

    private HttpRequestMessage Request(HttpMethod method, string path, string query, byte[]? body)
    {
        var request = new HttpRequestMessage(method, $"{path}?{Join(_scope, query)}");
        if (_options.TlsServerName is { } name)
        {
            // The handler takes the name that the certificate has to carry from here.
            request.Headers.Host = name;
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        return request;
    }

    private static NomadException Nothing(string path) => new(NomadFailure.Refused, $"Nomad {path}: answered nothing");

    private static string Blocking(ulong index, TimeSpan wait) =>
        index == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"index={index}&wait={(long)wait.TotalMilliseconds}ms");

    private static async Task<T?> ReadAsync<T>(HttpResponseMessage response, string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonSerializer.DeserializeAsync(stream, type, cancellationToken);
        }
        catch (JsonException exception)
        {
            throw new NomadException(NomadFailure.Refused, $"Nomad {path}: an answer that is not what it should be: {exception.Message}", exception);
        }
    }

    private static async Task<string> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = (await response.Content.ReadAsStringAsync(cancellationToken)).Trim();
        return text.Length == 0 ? $"status {(int)response.StatusCode}" : text.Length > ErrorCharsMax ? text[..ErrorCharsMax] : text;
    }

    private static ulong IndexOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("X-Nomad-Index", out var values)
        && ulong.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : 0;

    private static string Join(string first, string second) => first.Length == 0 ? second : second.Length == 0 ? first : $"{first}&{second}";
}
