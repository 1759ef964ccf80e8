using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Usage;

namespace Podvirt.Gateway.Surfaces;

/// <summary>Every refusal the gateway makes itself.</summary>
internal static class ApiErrors
{
    public const string EngineAbortedCode = "engine_aborted";

    public static ApiError MissingKey { get; } = new(
        401, ApiError.InvalidRequest, "invalid_api_key",
        "No API key. Send it as 'Authorization: Bearer <key>'; 'podvirt keys create NAME' makes one.");

    public static ApiError MissingApiKey { get; } = new(
        401, ApiError.InvalidRequest, "invalid_api_key",
        "No API key. Send it as 'x-api-key: <key>' or 'Authorization: Bearer <key>'; 'podvirt keys create NAME' makes one.");

    public static ApiError TwoKeys { get; } = new(
        401, ApiError.InvalidRequest, "invalid_api_key",
        "'x-api-key' and 'Authorization' carry different keys: whose request it is would be a guess. Send one of them, or the same in both.");

    public static ApiError WrongKey { get; } = new(
        401, ApiError.InvalidRequest, "invalid_api_key",
        "This API key is not known, has expired or was revoked. 'podvirt keys list' shows the keys there are.");

    public static ApiError EmptyBody { get; } = new(
        400, ApiError.InvalidRequest, "invalid_json", "The body is empty. Send one JSON object.");

    public static ApiError NotText { get; } = new(
        400, ApiError.InvalidRequest, "invalid_json", "The model's name is not valid UTF-8.");

    public static ApiError BodyAborted { get; } = new(
        400, ApiError.InvalidRequest, "incomplete_body", "The body ended before its announced length.");

    public static ApiError BadFraming { get; } = new(
        400, ApiError.InvalidRequest, "invalid_header",
        "It is not clear where the body ends: send either Content-Length, or 'Transfer-Encoding: chunked' and nothing else.", "Transfer-Encoding");

    public static ApiError TwoSessionIds { get; } = new(
        400, ApiError.InvalidRequest, "invalid_header", "X-Podvirt-Session-Id is there twice: which one counts would be a guess.", "X-Podvirt-Session-Id");

    public static ApiError TwoIdempotencyKeys { get; } = new(
        400, ApiError.InvalidRequest, "invalid_header", "Idempotency-Key is there twice: which one counts would be a guess.", "Idempotency-Key");

    public static ApiError BadIdempotencyKey { get; } = new(
        400, ApiError.InvalidRequest, "invalid_header", "Idempotency-Key takes 1 to 255 printable ASCII characters.", "Idempotency-Key");

    public static ApiError IdempotencyKeyReused { get; } = new(
        422, ApiError.InvalidRequest, "idempotency_key_reused",
        "This Idempotency-Key was used with another body. A retry sends the very same body; another request takes another key.", "Idempotency-Key");

    public static ApiError IdempotencyKeyInUse { get; } = new(
        409, ApiError.InvalidRequest, "idempotency_key_in_use",
        "A call with this Idempotency-Key is still running. Try again later.", "Idempotency-Key", TimeSpan.FromSeconds(1));

    public static ApiError ShuttingDown { get; } = new(
        503, ApiError.Server, "shutting_down", "This server is shutting down. Try again.", RetryAfter: TimeSpan.FromSeconds(1));

    public static ApiError NotReady { get; } = new(
        503, ApiError.Server, "not_ready", "This server has just started and does not know its models yet. Try again.",
        RetryAfter: TimeSpan.FromSeconds(1));

    public static ApiError UsageNotKept { get; } = new(
        503, ApiError.Server, "metering_unavailable",
        "Usage cannot be recorded at the moment, so no request is served. The operator finds the reason in the server's log.",
        RetryAfter: TimeSpan.FromSeconds(5));

    public static ApiError BodyTooLarge(long bytesMax) => new(
        413, ApiError.InvalidRequest, "body_too_large", $"The body is larger than the limit of {bytesMax} bytes.");

    public static ApiError BodyTooSlow(GatewayOptions options) => new(
        408, ApiError.InvalidRequest, "body_too_slow",
        $"The body came more slowly than {options.ClientRateMin} bytes a second for {options.ClientGrace.TotalSeconds:0.###} s.");

    public static ApiError UnknownPath(string method, string path, string known) => new(
        404, ApiError.InvalidRequest, "unknown_path", $"There is no {method} {path}. Known: {known}.");

    public static ApiError WrongMethod(string method, string path, string allowed) => new(
        405, ApiError.InvalidRequest, "wrong_method", $"{path} takes {allowed}, not {method}.");

    public static ApiError UnknownModel(string id) => new(
        404, ApiError.InvalidRequest, "model_not_found",
        $"The model `{Shorten(id)}` does not exist. GET /v1/models lists the models there are.", "model");

    public static ApiError BadMaxWait(string value) => new(
        400, ApiError.InvalidRequest, "invalid_header",
        $"X-Podvirt-Max-Wait is '{Shorten(value)}'. It takes seconds, for example 30 or 0.5; 0 does not wait at all.", "X-Podvirt-Max-Wait");

    public static ApiError BadUsageCost(string value) => new(
        400, ApiError.InvalidRequest, "invalid_header",
        $"X-Podvirt-Usage-Cost is '{Shorten(value)}'. It takes true or false.", "X-Podvirt-Usage-Cost");

    public static ApiError SessionIdTooLong(int bytesMax) => new(
        400, ApiError.InvalidRequest, "invalid_header",
        $"X-Podvirt-Session-Id takes at most {bytesMax} printable ASCII characters.", "X-Podvirt-Session-Id");

    public static ApiError WrongModelType(ModelSpec model, string use) => new(
        400, ApiError.InvalidRequest, "wrong_model_type",
        $"`{model.Id}` is a model of type {model.Type.ToName()}. Use {use}.", "model");

    public static ApiError EngineLacks(ModelSpec model, string path) => new(
        501, "not_implemented_error", "not_implemented",
        $"The engine of `{model.Id}` ({model.Engine.Kind.ToName()}) does not answer {path}. Another model's engine may.", "model");

    public static ApiError ModelNotAllowed(string model) => new(
        403, ApiError.InvalidRequest, "model_not_allowed", $"This key may not call `{model}`. GET /v1/models lists the models that it may call.", "model");

    public static ApiError PlanSpent(string model, long limit, long used, long needed, DateTimeOffset end) => Spent(
        $"The plan of this project has {limit} tokens of `{model}` a month, of which {used} are used, and this request needs about {needed}.", end);

    public static ApiError BudgetSpent(Cost limit, Cost used, DateTimeOffset end) => Spent(
        $"This key's budget is {limit} USD a month, of which {used} are spent, and this request may cost more than is left.", end);

    /// <summary>There would be enough, if requests that still run did not hold it.</summary>
    public static ApiError QuotaHeld(string whose, TimeSpan retryAfter) => new(
        429, ApiError.RateLimit, "rate_limit_exceeded", $"Requests that still run hold what is left of {whose}. Try again when they have ended.", RetryAfter: retryAfter);

    public static ApiError RateReached(string whose, string kind, int limit, long remaining, long needed, TimeSpan retryAfter) => new(
        429, kind, "rate_limit_exceeded",
        $"The limit of {whose} is {limit} {kind} a minute: {remaining} are left, and this request needs {needed}. Try again in {Math.Ceiling(retryAfter.TotalSeconds):0} s.",
        RetryAfter: retryAfter);

    // An SDK that tried again would only ask in vain; and one that is told a time waits for it, if it takes weeks.
    private static ApiError Spent(string what, DateTimeOffset end) => new(
        429, ApiError.Quota, "insufficient_quota", $"{what} The next month begins at {end:yyyy-MM-dd'T'HH:mm:ss'Z'}.", ShouldRetry: false);

    public static ApiError QueueFull(string model, int waiting, long bytes, TimeSpan? eta) => new(
        429, ApiError.RateLimit, "rate_limit_exceeded",
        $"{waiting} requests of {bytes} bytes already wait for `{model}`, which is as much as is held. Try again later.",
        RetryAfter: RetryAfter(eta), Eta: eta);

    public static ApiError WaitedTooLong(string model, TimeSpan waited, TimeSpan? eta) => new(
        503, ApiError.Server, "model_warming_timeout",
        $"No replica of `{model}` could take the request within {waited.TotalSeconds:0.###} s. "
        + (eta is { } left ? $"One should in about {Math.Ceiling(left.TotalSeconds):0} s: try again." : "It is on its way: try again."),
        RetryAfter: RetryAfter(eta), Eta: eta);

    public static ApiError Failed(string model, ModelFailure failure, TimeSpan? retryAfter) => new(
        503, ApiError.Server, failure.Code,
        $"`{model}` cannot be served: {failure.Reason}" + (retryAfter is { } after ? $" The next attempt is in {Math.Ceiling(after.TotalSeconds):0} s." : ""),
        RetryAfter: retryAfter);

    public static ApiError EngineUnreachable(string model) => new(
        502, ApiError.Server, "engine_unreachable", $"No replica of `{model}` answered. Try again.", RetryAfter: TimeSpan.FromSeconds(1));

    public static ApiError EngineTruncated(string model) => new(
        502, ApiError.Server, "engine_truncated", $"The engine of `{model}` ended before its answer was complete.");

    public static ApiError EngineAborted(string model) => new(
        502, ApiError.Server, EngineAbortedCode, $"The engine of `{model}` was stopped before its answer was complete.");

    public static ApiError EngineStalled(string model, TimeSpan silence) => new(
        504, ApiError.Server, "engine_stalled", $"The engine of `{model}` was silent for {silence.TotalSeconds:0} s and was given up.");

    public static ApiError EngineMalformed(string model) => new(
        502, ApiError.Server, "engine_malformed", $"The engine of `{model}` sent something that is not a valid answer.");

    public static ApiError EngineRefused(string model, int status) => new(
        502, ApiError.Server, "engine_refused",
        $"The engine of `{model}` refused the gateway with status {status}: its key, name or version does not fit the catalog. The operator finds more in its log.");

    public static ApiError ResponseUnknown(string id) => ResponseNotFound(
        id, "This project has no such response here: it was not stored, has been let go, or was made through another server.");

    public static ApiError ResponseGone(string id) => ResponseNotFound(
        id, "The replica that made it sleeps, was stopped or died since, and nothing is started for a response that it had in its memory.");

    /// <summary>By the engine's own word.</summary>
    public static ApiError ResponseForgotten(string id) => ResponseNotFound(id, "Its engine does not keep responses, or has let this one go.");

    public static ApiError ResponseOfAnotherModel(string id, string model) => ResponseNotFound(id, $"It is of `{model}`, and only that model can go on from it.");

    public static ApiError ResponseBusy(string id) => new(
        429, ApiError.RateLimit, "rate_limit_exceeded",
        $"The one replica that has the response `{Shorten(id)}` has no room now. Try again, or send the conversation as 'input'.", "previous_response_id",
        TimeSpan.FromSeconds(1));

    public static ApiError ResponseUnreachable(string id) => new(
        502, ApiError.Server, "engine_unreachable", $"The replica that has the response `{Shorten(id)}` did not answer. Try again.",
        RetryAfter: TimeSpan.FromSeconds(1));

    private static ApiError ResponseNotFound(string id, string why) => new(
        404, ApiError.InvalidRequest, "response_not_found",
        $"The response `{Shorten(id)}` is not there. {why} Send the conversation so far as 'input'.", "previous_response_id");

    public static ApiError UsageLost(string model) => new(
        503, ApiError.Server, "usage_not_recorded",
        $"The answer of `{model}` is complete, but its usage could not be recorded.");

    // OpenAI's SDKs do not believe more than a minute: they come back after seconds instead, and give up. Whoever is told a
    // minute comes back once the end is near.
    private static TimeSpan RetryAfter(TimeSpan? eta) =>
        eta is { } left ? TimeSpan.FromSeconds(Math.Clamp(left.TotalSeconds, 1, 60)) : TimeSpan.FromSeconds(5);

    private static string Shorten(string text) => text.Length <= 128 ? text : string.Concat(text.AsSpan(0, 128), "…");
}
