using Microsoft.AspNetCore.Http;
using Podvirt.Gateway.Admission;

namespace Podvirt.Gateway.Surfaces;

/// <summary>Says on whose account a request runs, or why on nobody's.</summary>
internal sealed class Authenticator(KeyRing keys, TimeProvider time)
{
    /// <param name="context">The request.</param>
    /// <param name="isAnthropics">Its key may come in <c>x-api-key</c>, too.</param>
    /// <returns>One of both.</returns>
    public async ValueTask<(Caller? Caller, ApiError? Error)> AuthenticateAsync(HttpContext context, bool isAnthropics = false)
    {
        var authorization = (string?)context.Request.Headers.Authorization;
        var apiKey = isAnthropics ? (string?)context.Request.Headers["x-api-key"] : null;
        if (string.IsNullOrEmpty(authorization) && string.IsNullOrEmpty(apiKey))
        {
            return (null, isAnthropics ? ApiErrors.MissingApiKey : ApiErrors.MissingKey);
        }
        if (!await FirstNews.HasComeAsync(keys.FirstListing, time, context.RequestAborted))
        {
            return (null, ApiErrors.NotReady);
        }
        return Authenticate(authorization, apiKey);
    }

    private (Caller? Caller, ApiError? Error) Authenticate(string? authorization, string? apiKey)
    {
        var bearer = default(ReadOnlySpan<char>);
        if (!string.IsNullOrEmpty(authorization) && !KeyRing.TryReadBearer(authorization, out bearer))
        {
            return (null, ApiErrors.WrongKey);
        }
        var given = apiKey.AsSpan().Trim();
        if (!given.IsEmpty && !bearer.IsEmpty && !given.SequenceEqual(bearer))
        {
            return (null, ApiErrors.TwoKeys);
        }
        return keys.TryAuthenticate(bearer.IsEmpty ? given : bearer, out var caller) ? (caller, null) : (null, ApiErrors.WrongKey);
    }
}
