using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Engines;

/// <summary>An engine answered, but not with what the step needs.</summary>
internal sealed class EngineException(string message) : Exception(message);

/// <summary>The scheduler's side of the engine contract: health, canary, sleep, wake. No retries, no state.</summary>
internal sealed partial class EngineClient : IDisposable
{
    /// <summary>Engines answer on loopback or a private network: a slow connect is a dead one, or one of an engine that is too busy.</summary>
    internal static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How much of an engine's error text is kept for people.</summary>
    private const int DetailLengthMax = 300;

    private readonly HttpClient _http;
    private readonly Action _beforeChange;

    /// <param name="beforeChange">Called right before each call that may change the engine; throws where that must not be. Null: it always may.</param>
    public EngineClient(Action? beforeChange = null)
    {
        _beforeChange = beforeChange ?? (static () => { });
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            // Control calls are rare, and servers close idle connections themselves, vLLM's after 5 s: ours go first.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2),
            UseCookies = false,
            UseProxy = false,
            AllowAutoRedirect = false,
        };
        // Each call has its own limit, given by its caller as a cancellation token.
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Before the engine listens the connection is refused, which is an exception.</summary>
    /// <exception cref="HttpRequestException">No connection.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">One that was reset before its use.</exception>
    /// <exception cref="OperationCanceledException">Asked for, or no connection within <see cref="ConnectTimeout"/>.</exception>
    public async Task<HttpStatusCode> GetStatusAsync(
        string address, string path, string apiKey, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Get, address, path, apiKey, body: null);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return response.StatusCode;
    }

    /// <summary>One token through the surface that the model's clients use.</summary>
    public async Task CanaryAsync(EngineTarget target, CancellationToken cancellationToken)
    {
        var model = target.Model;
        switch (model.Type)
        {
            case ModelType.VideoGeneration:
                // The smallest video costs minutes; health has to do.
                return;
            case ModelType.Embedding:
                var text = new JsonObject { ["model"] = model.ServedAs, ["input"] = "hi" };
                await SendAsync(target, "/v1/embeddings", text, cancellationToken);
                return;
            default:
                break;
        }

        var chat = new JsonObject
        {
            ["model"] = model.ServedAs,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "hi" }),
            ["max_tokens"] = 1,
        };
        using var response = await PostAsync(target, "/v1/chat/completions", chat, cancellationToken);
        if (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound
            or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented)
        {
            // A base model has no chat template, and some servers have no chat surface.
            var plain = new JsonObject { ["model"] = model.ServedAs, ["prompt"] = "hi", ["max_tokens"] = 1 };
            await SendAsync(target, "/v1/completions", plain, cancellationToken);
            return;
        }

        await EnsureSuccessAsync(response, "/v1/chat/completions", cancellationToken);
    }

    /// <summary>Returns when the engine took the call, which proves nothing about the memory: that has to be measured.</summary>
    public async Task SleepAsync(EngineTarget target, CancellationToken cancellationToken)
    {
        var level = EngineTraits.SleepLevel(target.Model, target.SleepLevel);
        if (EngineTraits.IsOmni(target.Model))
        {
            // Either answer will do: what counts is the memory, which is measured next.
            await OmniAsync(target, "/v1/omni/sleep", new JsonObject { ["stage_ids"] = new JsonArray(0), ["level"] = level }, cancellationToken);
            return;
        }

        // Parameters in the query only: a body is ignored. Nothing should be in flight; a request that a gateway without
        // news sent all the same is finished first. Engines from before the mode ignore it, or refuse it.
        var path = $"/sleep?level={level}";
        using (var response = await PostAsync(target, path + "&mode=wait", body: null, cancellationToken))
        {
            if (response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.NotFound)
            {
                await EnsureSuccessAsync(response, path, cancellationToken);
                return;
            }
        }

        await SendAsync(target, path, body: null, cancellationToken);
    }

    /// <summary>The engine's word; null where there is no question to ask, and only the memory tells.</summary>
    public async Task<bool?> IsSleepingAsync(EngineTarget target, CancellationToken cancellationToken)
    {
        if (EngineTraits.IsOmni(target.Model))
        {
            return null;
        }

        using var request = Request(HttpMethod.Get, target.Address, "/is_sleeping", target.ApiKey, body: null);
        using var response = await _http.SendAsync(request, cancellationToken);
        await EnsureSuccessAsync(response, "/is_sleeping", cancellationToken);
        var answer = await ReadAsync(response, "/is_sleeping", cancellationToken);
        return answer?["is_sleeping"] is JsonValue value && value.TryGetValue<bool>(out var sleeping) && sleeping;
    }

    /// <returns>False: the engine did nothing, because it takes itself to be awake.</returns>
    public async Task<bool> WakeAsync(EngineTarget target, CancellationToken cancellationToken)
    {
        if (EngineTraits.IsOmni(target.Model))
        {
            return await OmniAsync(target, "/v1/omni/wakeup", new JsonObject { ["stage_ids"] = new JsonArray(0) }, cancellationToken);
        }

        if (EngineTraits.SleepLevel(target.Model, target.SleepLevel) == 1)
        {
            await SendAsync(target, "/wake_up", body: null, cancellationToken);
            return true;
        }

        // A full wake first would let requests run before the weights are valid.
        await SendAsync(target, "/wake_up?tags=weights", body: null, cancellationToken);
        await SendAsync(target, "/collective_rpc", new JsonObject { ["method"] = "reload_weights" }, cancellationToken);
        await SendAsync(target, "/wake_up?tags=kv_cache", body: null, cancellationToken);
        return true;
    }

    /// <returns>True: done; false: skipped.</returns>
    private async Task<bool> OmniAsync(EngineTarget target, string path, JsonObject body, CancellationToken cancellationToken)
    {
        using var response = await PostAsync(target, path, body, cancellationToken);
        await EnsureSuccessAsync(response, path, cancellationToken);
        var status = (await ReadAsync(response, path, cancellationToken))?["status"]?.ToString();
        return status switch
        {
            "SUCCESS" => true,
            "SKIPPED" => false,
            _ => throw new EngineException($"{path} answered status '{status}'"),
        };
    }

    private async Task SendAsync(EngineTarget target, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        using var response = await PostAsync(target, path, body, cancellationToken);
        await EnsureSuccessAsync(response, path, cancellationToken);
    }

    private async Task<HttpResponseMessage> PostAsync(
        EngineTarget target, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Post, target.Address, path, target.ApiKey, body);
        _beforeChange();
        return await _http.SendAsync(request, cancellationToken);
    }

    private static HttpRequestMessage Request(HttpMethod method, string address, string path, string apiKey, JsonObject? body)
    {
        var request = new HttpRequestMessage(method, new Uri(address + path));
        if (apiKey.Length > 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        return request;
    }

    private static async Task<JsonNode?> ReadAsync(HttpResponseMessage response, string path, CancellationToken cancellationToken)
    {
        try
        {
            return JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (JsonException)
        {
            throw new EngineException($"{path} answered something that is not JSON");
        }
    }

    private static async Task EnsureSuccessAsync(HttpResponseMessage response, string path, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        text = text.Length > DetailLengthMax ? text[..DetailLengthMax] : text;
        throw new EngineException($"{path} answered {(int)response.StatusCode} {text}".TrimEnd());
    }
}
