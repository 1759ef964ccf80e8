namespace Podvirt.Messaging.Nats;

/// <summary>How this process reaches NATS.</summary>
public sealed class NatsOptions
{
    /// <summary>
    /// <c>nats://host:4222</c>, or <c>tls://</c> where only an encrypted connection will do; several servers of one cluster
    /// separated by commas. The first may carry <c>user:password@</c> or <c>token@</c> for all of them; neither is ever shown.
    /// </summary>
    public required string Url { get; init; }

    /// <summary>How the connection is called in the server's own lists.</summary>
    public string Name { get; init; } = "podvirt";

    /// <summary>A file of NATS credentials (<c>.creds</c>); null: none.</summary>
    public string? CredentialsFile { get; init; }

    /// <summary>PEM: who signs the servers' certificates; null: those that the machine trusts.</summary>
    public string? CaFile { get; init; }

    /// <summary>PEM: the certificate that this process shows; null: none. Needs <see cref="KeyFile"/>.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM: the key of <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; init; }

    /// <summary>
    /// How long a lease holds without being renewed; the same for every process of the cluster. Six seconds: three renewals
    /// may fail before a leader is replaced.
    /// </summary>
    public TimeSpan LeasePeriod { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Servers that keep each bucket and stream made by this process; null: three in a cluster, one where the server is alone.
    /// </summary>
    public int? Replicas { get; init; }

    /// <summary>How long a call of the state store or of the leases may wait for its answer. Five seconds: a cluster elects its leader within that.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The servers without anything secret.</summary>
    internal string Servers => NatsUrl.Parse(Url).Servers;

    /// <summary>What is wrong with it, each in a sentence that names the property; empty where it is usable.</summary>
    public IReadOnlyList<string> Check()
    {
        var errors = new List<string>();
        if (!NatsUrl.TryParse(Url, out _))
        {
            errors.Add($"{nameof(Url)} is not 'nats://host:port' or 'tls://host:port', or several of them separated by commas");
        }
        if (LeasePeriod < TimeSpan.FromSeconds(1) || LeasePeriod > TimeSpan.FromMinutes(2))
        {
            errors.Add($"{nameof(LeasePeriod)} must be between a second and two minutes");
        }
        if (RequestTimeout < TimeSpan.FromMilliseconds(100) || RequestTimeout > TimeSpan.FromMinutes(1))
        {
            errors.Add($"{nameof(RequestTimeout)} must be between 100 ms and a minute");
        }
        if (Replicas is < 1 or > 5)
        {
            errors.Add($"{nameof(Replicas)} must be between 1 and 5");
        }
        if (CertificateFile is null != KeyFile is null)
        {
            errors.Add($"{nameof(CertificateFile)} and {nameof(KeyFile)} belong together");
        }
        foreach (var (name, file) in ((string, string?)[])[(nameof(CredentialsFile), CredentialsFile), (nameof(CaFile), CaFile), (nameof(CertificateFile), CertificateFile), (nameof(KeyFile), KeyFile)])
        {
            if (file is not null && !File.Exists(file))
            {
                errors.Add($"{name} '{file}' does not exist");
            }
        }
        return errors;
    }
}
