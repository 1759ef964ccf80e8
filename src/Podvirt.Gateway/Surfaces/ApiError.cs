namespace Podvirt.Gateway.Surfaces;

/// <summary>An error in the API's own shape.</summary>
/// <param name="Status">HTTP status, where none has been sent.</param>
/// <param name="Type">OpenAI's error type.</param>
/// <param name="Code">What programs compare.</param>
/// <param name="Message">What is wrong and what would be right, for people.</param>
/// <param name="Param">The member of the request it is about.</param>
/// <param name="RetryAfter">When trying again makes sense; null: not by waiting.</param>
/// <param name="Eta">What the request would still have had to wait, by what was measured; null where nothing was.</param>
/// <param name="ShouldRetry">What SDKs are told that would try again by themselves; null: they decide.</param>
internal sealed record ApiError(
    int Status, string Type, string? Code, string Message, string? Param = null, TimeSpan? RetryAfter = null, TimeSpan? Eta = null, bool? ShouldRetry = null)
{
    /// <summary>More of a shared limit is being fetched: once this completes the same request may be admitted. Null: nothing is.</summary>
    public Task? Refill { get; init; }

    public const string InvalidRequest = "invalid_request_error";
    public const string RateLimit = "rate_limit_error";
    public const string Quota = "insufficient_quota";
    public const string Requests = "requests";
    public const string Tokens = "tokens";
    public const string Server = "server_error";
}
