using System.IdentityModel.Tokens.Jwt;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Podvirt.Configuration;

namespace Podvirt.Members.Oidc;

/// <summary>
/// Talks to the provider: where to send a browser, and what the code means that it brings back. The code flow with PKCE; the token is
/// checked by Microsoft's libraries: signature, issuer, audience, times, nonce.
/// </summary>
internal sealed class OidcProvider : IDisposable
{
    private static readonly TimeSpan _timeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan _clockSkew = TimeSpan.FromMinutes(1);
    private const int AnswerBytesMax = 1 << 20;

    /// <summary>Signatures by the provider's private key. A shared secret is one that could be made up here.</summary>
    private static readonly string[] _algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private readonly OidcSettings _settings;
    private readonly Func<string, string?> _environment;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly OidcDiscovery _discovery;

    public OidcProvider(OidcSettings settings, Func<string, string?> environment, TimeProvider time)
    {
        _settings = settings;
        _environment = environment;
        _time = time;
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            Timeout = _timeout,
            MaxResponseContentBufferSize = AnswerBytesMax,
        };
        _discovery = new OidcDiscovery(settings.Authority, _client, time);
    }

    /// <summary>Where to send the browser.</summary>
    /// <exception cref="OidcProblem">The provider cannot be asked.</exception>
    public async Task<string> AddressAsync(OidcSignIn signIn, string state, CancellationToken cancellationToken)
    {
        var configuration = await GetAsync(_discovery.GetAsync, cancellationToken);
        return QueryHelpers.AddQueryString(configuration.AuthorizationEndpoint, new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = _settings.ClientId,
            ["redirect_uri"] = signIn.RedirectUri,
            ["scope"] = string.Join(' ', _settings.Scopes),
            ["state"] = state,
            ["nonce"] = signIn.Nonce,
            ["code_challenge"] = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(signIn.Verifier))),
            ["code_challenge_method"] = "S256",
        });
    }

    /// <summary>What the provider says of whoever brought the code: checked claims.</summary>
    /// <param name="issuer">As the answer names it (RFC 9207); null: it does not.</param>
    /// <exception cref="OidcProblem">The code or the token is not good, or the provider cannot be asked.</exception>
    public async Task<OidcIdentity> RedeemAsync(OidcSignIn signIn, string code, string? issuer, CancellationToken cancellationToken)
    {
        var configuration = await GetAsync(_discovery.GetAsync, cancellationToken);
        if (issuer is not null && issuer != configuration.Issuer)
        {
            throw new OidcProblem($"The answer is not from {_settings.Name}.");
        }
        var answer = await ExchangeAsync(configuration, signIn, code, cancellationToken);
        var result = await ValidateAsync(configuration, answer.IdToken);
        if (result.Exception is SecurityTokenSignatureKeyNotFoundException)
        {
            configuration = await GetAsync(_discovery.RefreshAsync, cancellationToken);
            result = await ValidateAsync(configuration, answer.IdToken);
        }
        if (!result.IsValid)
        {
            throw new OidcProblem(Explain(result.Exception), result.Exception);
        }
        var token = (JsonWebToken)result.SecurityToken;
        CheckProtocol(answer, token, signIn.Nonce);
        return new OidcIdentity(configuration.Issuer, token.Subject, JsonElement.Parse(Base64UrlEncoder.Decode(token.EncodedPayload)));
    }

    public void Dispose()
    {
        _discovery.Dispose();
        _client.Dispose();
    }

    private async Task<OpenIdConnectConfiguration> GetAsync(
        Func<CancellationToken, Task<OpenIdConnectConfiguration>> get, CancellationToken cancellationToken)
    {
        try
        {
            return await get(cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new OidcProblem($"{_settings.Name} cannot be reached, or is set up in another way than here. Try again, or ask an admin.", error);
        }
    }

    private async Task<OpenIdConnectMessage> ExchangeAsync(
        OpenIdConnectConfiguration configuration, OidcSignIn signIn, string code, CancellationToken cancellationToken)
    {
        var secret = _environment(_settings.ClientSecretEnv)?.Trim() ?? "";
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = signIn.RedirectUri,
            ["client_id"] = _settings.ClientId,
            ["code_verifier"] = signIn.Verifier,
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, configuration.TokenEndpoint);
        // Where a provider names no method it takes this one: OpenID Connect Discovery 1.0, section 3.
        if (configuration.TokenEndpointAuthMethodsSupported is { Count: > 0 } methods && !methods.Contains("client_secret_basic"))
        {
            form["client_secret"] = secret;
        }
        else
        {
            var pair = $"{Uri.EscapeDataString(_settings.ClientId)}:{Uri.EscapeDataString(secret)}";
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
        }
        request.Content = new FormUrlEncodedContent(form);
        try
        {
            using var response = await _client.SendAsync(request, cancellationToken);
            var answer = new OpenIdConnectMessage(await response.Content.ReadAsStringAsync(cancellationToken));
            if (!response.IsSuccessStatusCode || string.IsNullOrEmpty(answer.IdToken))
            {
                throw new InvalidOperationException($"the token endpoint answered {(int)response.StatusCode} {answer.Error} {answer.ErrorDescription}");
            }
            return answer;
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new OidcProblem($"{_settings.Name} did not confirm the sign-in. Try again, or ask an admin.", error);
        }
    }

    private Task<TokenValidationResult> ValidateAsync(OpenIdConnectConfiguration configuration, string token) =>
        new JsonWebTokenHandler { MapInboundClaims = false }.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = configuration.Issuer,
            ValidAudience = _settings.ClientId,
            IssuerSigningKeys = configuration.SigningKeys,
            ValidAlgorithms = _algorithms,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            LifetimeValidator = IsInTime,
        });

    private bool IsInTime(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        return expires is { } end && now - _clockSkew < end && (notBefore is not { } start || start <= now + _clockSkew);
    }

    /// <summary>What is OpenID Connect's own: the nonce, whom the token is for, when it was made, and that it belongs to the other token.</summary>
    private void CheckProtocol(OpenIdConnectMessage answer, JsonWebToken token, string nonce)
    {
        try
        {
            new OpenIdConnectProtocolValidator { RequireTimeStampInNonce = false, RequireNonce = true, RequireSub = true }.ValidateTokenResponse(
                new OpenIdConnectProtocolValidationContext
                {
                    ClientId = _settings.ClientId,
                    Nonce = nonce,
                    ProtocolMessage = answer,
                    ValidatedIdToken = JwtSecurityTokenConverter.Convert(token),
                });
        }
        catch (OpenIdConnectProtocolException error)
        {
            throw new OidcProblem(Explain(error), error);
        }
    }

    private string Explain(Exception error) => error switch
    {
        OpenIdConnectProtocolInvalidNonceException => $"The token of {_settings.Name} was made for another sign-in. Start again.",
        SecurityTokenInvalidAudienceException => $"The token of {_settings.Name} is for another application.",
        SecurityTokenInvalidIssuerException => $"The token is not from {_settings.Name}.",
        SecurityTokenInvalidLifetimeException or SecurityTokenNoExpirationException => $"The token of {_settings.Name} is too old, or its clock is wrong. Start again.",
        SecurityTokenInvalidSignatureException or SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidAlgorithmException =>
            $"The token of {_settings.Name} is not signed by it.",
        _ => $"The token of {_settings.Name} cannot be used.",
    };
}

/// <summary>Who somebody is, as the provider says.</summary>
/// <param name="Claims">Of the checked token.</param>
internal sealed record OidcIdentity(string Issuer, string Subject, JsonElement Claims);
