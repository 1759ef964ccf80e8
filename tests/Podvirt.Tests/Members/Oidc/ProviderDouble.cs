using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Podvirt.Tests.Members.Oidc;

/// <summary>What the provider does wrong.</summary>
internal enum ProviderFault
{
    None,
    WrongNonce,
    NoNonce,
    WrongAudience,
    WrongIssuer,
    Expired,
    NoExpiry,
    BadSignature,
    UnknownKey,
    SharedSecretSignature,
    Unsigned,
    NoSubject,
    TokenEndpointFails,
    WrongIssuerInAnswer,
}

/// <summary>
/// A small provider on a loopback port: discovery, keys, a sign-in page that asks nothing, and tokens. It is as strict as a real one:
/// a code works once, with the client's secret, the redirect address and the PKCE verifier that belong to it.
/// </summary>
internal sealed class ProviderDouble : IAsyncDisposable
{
    public const string ClientId = "podvirt-client";
    public const string ClientSecret = "the secret: of the client";

    private readonly WebApplication _app;
    private readonly Dictionary<string, IQueryCollection> _codes = new(StringComparer.Ordinal);
    private RsaSecurityKey _key = NewKey("first");

    private ProviderDouble(WebApplication app) => _app = app;

    public ProviderFault Fault { get; set; }

    public string Subject { get; set; } = "subject-of-ada";

    /// <summary>Besides those that every token has.</summary>
    public Dictionary<string, object> Claims { get; set; } = new(StringComparer.Ordinal) { ["name"] = "Ada", ["email"] = "ada@example.com" };

    public IReadOnlyList<string> TokenMethods { get; set; } = ["client_secret_basic"];

    /// <summary>Whether whoever comes is sent back without a code.</summary>
    public bool Denies { get; set; }

    public string Authority => _app.Urls.First();

    public static async Task<ProviderDouble> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var provider = new ProviderDouble(app);
        app.MapGet("/.well-known/openid-configuration", (Delegate)provider.Describe);
        app.MapGet("/keys", () => Results.Json(new { keys = new[] { JsonWebKeyConverter.ConvertFromRSASecurityKey(PublicPart(provider._key)) }.Select(k => new { kty = k.Kty, n = k.N, e = k.E, kid = k.Kid, use = "sig", alg = "RS256" }) }));
        app.MapGet("/authorize", (Delegate)provider.Authorize);
        app.MapPost("/token", (Delegate)provider.RedeemAsync);
        await app.StartAsync();
        return provider;
    }

    /// <summary>From now on tokens are signed by another key, which it publishes.</summary>
    public void ChangeKey() => _key = NewKey("second");

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private IResult Describe() => Results.Json(new
    {
        issuer = Authority,
        authorization_endpoint = Authority + "/authorize",
        token_endpoint = Authority + "/token",
        jwks_uri = Authority + "/keys",
        token_endpoint_auth_methods_supported = TokenMethods,
    });

    private IResult Authorize(HttpContext context)
    {
        var query = context.Request.Query;
        if (query["response_type"] != "code" || query["client_id"] != ClientId || query["code_challenge_method"] != "S256"
            || !query["scope"].ToString().Split(' ').Contains("openid", StringComparer.Ordinal))
        {
            return Results.BadRequest();
        }
        if (Denies)
        {
            return Back(query, "error", "access_denied", "error_description", "You pressed cancel.");
        }
        var code = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        lock (_codes)
        {
            _codes[code] = query;
        }
        return Back(query, "code", code, "iss", Fault == ProviderFault.WrongIssuerInAnswer ? "https://other.example.com" : Authority);
    }

    private static IResult Back(IQueryCollection query, string name, string value, string name2, string value2) => Results.Redirect(
        QueryHelpers.AddQueryString(query["redirect_uri"].ToString(), new Dictionary<string, string?> { ["state"] = query["state"], [name] = value, [name2] = value2 }));

    private async Task<IResult> RedeemAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        IQueryCollection? asked;
        lock (_codes)
        {
            _codes.Remove(form["code"].ToString(), out asked);
        }
        if (asked is null || form["grant_type"] != "authorization_code" || form["redirect_uri"] != asked["redirect_uri"] || !IsClient(context, form)
            || Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) != asked["code_challenge"])
        {
            return Results.Json(new { error = "invalid_grant" }, statusCode: (int)HttpStatusCode.BadRequest);
        }
        return Fault == ProviderFault.TokenEndpointFails
            ? Results.StatusCode((int)HttpStatusCode.InternalServerError)
            : Results.Json(new { token_type = "Bearer", access_token = "an access token", id_token = Token(asked["nonce"].ToString()) });
    }

    private bool IsClient(HttpContext context, IFormCollection form) => TokenMethods[0] switch
    {
        "client_secret_post" => form["client_id"] == ClientId && form["client_secret"] == ClientSecret,
        _ => context.Request.Headers.Authorization == "Basic " + Convert.ToBase64String(
            Encoding.UTF8.GetBytes($"{ClientId}:{Uri.EscapeDataString(ClientSecret)}")),
    };

    private string Token(string nonce)
    {
        var now = TimeProvider.System.GetUtcNow();
        var issued = Fault == ProviderFault.Expired ? now.AddHours(-2) : now;
        var claims = new Dictionary<string, object>(Claims, StringComparer.Ordinal)
        {
            ["iss"] = Fault == ProviderFault.WrongIssuer ? "https://other.example.com" : Authority,
            ["aud"] = Fault == ProviderFault.WrongAudience ? "another-client" : ClientId,
            ["iat"] = issued.ToUnixTimeSeconds(),
        };
        if (Fault != ProviderFault.NoSubject)
        {
            claims["sub"] = Subject;
        }
        if (Fault != ProviderFault.NoExpiry)
        {
            claims["exp"] = issued.AddHours(1).ToUnixTimeSeconds();
        }
        if (Fault != ProviderFault.NoNonce)
        {
            claims["nonce"] = Fault == ProviderFault.WrongNonce ? "another nonce" : nonce;
        }
        var token = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor { Claims = claims, SigningCredentials = Credentials() });
        return Fault == ProviderFault.BadSignature ? Tampered(token) : token;
    }

    private SigningCredentials? Credentials() => Fault switch
    {
        ProviderFault.Unsigned => null,
        ProviderFault.UnknownKey => new SigningCredentials(NewKey("unknown"), SecurityAlgorithms.RsaSha256),
        // The secret that both know, in place of the provider's key.
        ProviderFault.SharedSecretSignature => new SigningCredentials(
            new SymmetricSecurityKey(SHA256.HashData(Encoding.UTF8.GetBytes(ClientSecret))), SecurityAlgorithms.HmacSha256),
        _ => new SigningCredentials(_key, SecurityAlgorithms.RsaSha256),
    };

    /// <summary>Other claims under the same signature.</summary>
    private static string Tampered(string token)
    {
        var parts = token.Split('.');
        parts[1] = Base64UrlEncoder.Encode(Base64UrlEncoder.Decode(parts[1]).Replace("subject-of-ada", "subject-of-bob", StringComparison.Ordinal));
        return string.Join('.', parts);
    }

    private static RsaSecurityKey NewKey(string id) => new(RSA.Create(2048)) { KeyId = id };

    private static RsaSecurityKey PublicPart(RsaSecurityKey key) => new(key.Rsa.ExportParameters(includePrivateParameters: false)) { KeyId = key.KeyId };
}
