namespace Podvirt.Members.Oidc;

/// <summary>Signing in with the provider did not work. The message is for whoever tries, the inner exception for the log.</summary>
internal sealed class OidcProblem : Exception
{
    public OidcProblem(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
