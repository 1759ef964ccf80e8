namespace Podvirt.Configuration;

/// <summary>The provider that says who members are, by OpenID Connect.</summary>
internal sealed record OidcSettings
{
    /// <summary>What people call it: stands on the button.</summary>
    public required string Name { get; init; }

    /// <summary>Its issuer; <c>/.well-known/openid-configuration</c> is below it.</summary>
    public required Uri Authority { get; init; }

    public required string ClientId { get; init; }

    /// <summary>The environment variable with the secret, which stands in no file.</summary>
    public required string ClientSecretEnv { get; init; }

    public IReadOnlyList<string> Scopes { get; init; } = ["openid", "profile", "email"];

    /// <summary>Where the token names roles; a path with dots reaches into objects.</summary>
    public string RoleClaim { get; init; } = "roles";

    /// <summary>The role of admins.</summary>
    public string AdminRole { get; init; } = "podvirt-admin";

    /// <summary>Where the token names the ids of a member's projects; a path with dots reaches into objects.</summary>
    public string ProjectsClaim { get; init; } = "podvirt_projects";
}

/// <summary>Reads <c>console.oidc</c>.</summary>
internal static class OidcReader
{
    private const string OpenId = "openid";
    private const string Example = "oidc: { name: Acme, authority: \"https://id.example.com\", client_id: podvirt, client_secret_env: OIDC_SECRET }";

    public static OidcSettings? Read(MapReader console, Func<string, string?> environment)
    {
        if (console.TakeMap("oidc", Example) is not { } map)
        {
            return null;
        }
        var settings = new OidcSettings
        {
            Name = map.TakeRequiredText("name", "say what people call the provider, such as Acme"),
            Authority = ReadAuthority(map),
            ClientId = map.TakeRequiredText("client_id", "name the client that the provider knows this server by"),
            ClientSecretEnv = ReadSecret(map, environment),
        };
        settings = settings with
        {
            Scopes = ReadScopes(map) ?? settings.Scopes,
            RoleClaim = map.TakeText("role_claim") ?? settings.RoleClaim,
            AdminRole = map.TakeText("admin_role") ?? settings.AdminRole,
            ProjectsClaim = map.TakeText("projects_claim") ?? settings.ProjectsClaim,
        };
        map.Close();
        return settings;
    }

    private static Uri ReadAuthority(MapReader map)
    {
        const string Remedy = "write the provider's issuer, such as https://id.example.com/realms/acme";
        var text = map.TakeRequiredText("authority", Remedy);
        if (text.Length > 0)
        {
            if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Query: "", Fragment: "", UserInfo: "" }
                && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)))
            {
                return url;
            }
            map.Error("authority", $"'{text}' is not the address of a provider: it begins with https:// (http:// only on this machine)", Remedy);
        }
        return new Uri("https://invalid.example");
    }

    private static string ReadSecret(MapReader map, Func<string, string?> environment)
    {
        const string Remedy = "name the environment variable that holds the client's secret, such as OIDC_SECRET";
        var name = map.TakeRequiredText("client_secret_env", Remedy);
        if (name.Length == 0)
        {
            return name;
        }
        if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') || char.IsAsciiDigit(name[0]))
        {
            // The text may be the secret itself: it is not repeated.
            map.Error("client_secret_env", "does not look like the name of an environment variable", Remedy);
        }
        else if (string.IsNullOrWhiteSpace(environment(name)))
        {
            map.Error("client_secret_env", $"the environment variable {name} is not set", $"set {name} before Podvirt starts");
        }
        return name;
    }

    private static IReadOnlyList<string>? ReadScopes(MapReader map)
    {
        var scopes = map.TakeTexts("scopes", "[openid, profile, email]");
        if (!map.Has("scopes"))
        {
            return null;
        }
        if (!scopes.Contains(OpenId, StringComparer.Ordinal))
        {
            map.Error("scopes", $"lack '{OpenId}'", "write them with it: [openid, profile, email]");
        }
        return scopes;
    }
}
