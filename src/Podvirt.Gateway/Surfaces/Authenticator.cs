using Microsoft.AspNetCore.Http;
using Podvirt.Gateway.Admission;

namespace Podvirt.Gateway.Surfaces;

/// <summary>Says on whose account a request runs, or why on nobody's.</summary>
internal sealed class Authenticator(KeyRing keys, TimeProvider time)
{
    /// <returns>One of both.</returns>
    public async ValueTask<(Caller? Caller, ApiError? Error)> AuthenticateAsync(HttpContext context)
    {
        var authorization = (string?)context.Request.Headers.Authorization;
        if (string.IsNullOrEmpty(authorization))
        {
            return (null, ApiErrors.MissingKey);
        }
        if (!await FirstNews.HasComeAsync(keys.FirstListing, time, context.RequestAborted))
        {
            return (null, ApiErrors.NotReady);
        }
        return keys.TryAuthenticate(authorization, out var caller) ? (caller, null) : (null, ApiErrors.WrongKey);
    }
}
