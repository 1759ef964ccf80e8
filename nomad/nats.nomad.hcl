# NATS with JetStream, three servers that each hold all data. Podvirt's bus, state, leases and usage stream live here.
# Each machine offers its agent's host volume for the data, and belongs to the cluster for good: a new machine takes the
# name and the place of one that is gone, so that JetStream copies the data to it.
#
# Before the first run, one Nomad variable holds what the servers must know and nobody else may (see `nomad var put`):
#   nomad/jobs/podvirt-nats   password (of the user podvirt), node_password (of the user podvirt-node), cluster_password
# (letters and digits: it stands in addresses)

variable "routes" {
  type        = list(string)
  description = "The three machines' addresses of the private network, as host:6222."
}

variable "image" {
  type        = string
  default     = "nats:2.10.27-alpine"
  description = "Pinned: servers are updated one after the other, by a new value."
}

variable "datacenters" {
  type        = list(string)
  default     = ["*"]
  description = "Where servers may run."
}

variable "node_pool" {
  type        = string
  default     = "default"
  description = "Pool of the three machines."
}

variable "private_network" {
  type        = string
  default     = "default"
  description = "Name of the agents' host_network that Podvirt's own processes reach and clients do not."
}

variable "volume" {
  type        = string
  default     = "podvirt-nats"
  description = "The agents' host volume for JetStream's data."
}

variable "storage" {
  type        = string
  default     = "50GB"
  description = "JetStream's disk on each server, below the volume's size. When the usage stream is full it refuses, and gateways keep usage on their own disks."
}

variable "drain" {
  type        = string
  default     = "60s"
  description = "How long a stopping server may take: it sends its clients away over 30 s. At most the agents' max_kill_timeout (30s unless configured)."
}

variable "cpu" {
  type        = number
  default     = 2000
  description = "MHz of each server."
}

variable "memory" {
  type        = number
  default     = 2048
  description = "MiB of each server."
}

job "podvirt-nats" {
  type        = "service"
  datacenters = var.datacenters
  node_pool   = var.node_pool
  priority    = 80

  # Two of three keep the quorum. The next server waits until JetStream of the last one has caught up, which its check says.
  update {
    max_parallel      = 1
    health_check      = "checks"
    min_healthy_time  = "30s"
    healthy_deadline  = "10m"
    progress_deadline = "15m"
    auto_revert       = true
  }

  group "nats" {
    count = 3

    constraint {
      distinct_hosts = true
    }

    restart {
      attempts = 10
      interval = "5m"
      delay    = "2s"
      mode     = "delay"
    }

    # Its data is on its machine: another machine cannot take its place by itself.
    reschedule {
      attempts  = 0
      unlimited = false
    }

    disconnect {
      lost_after = "1h"
      replace    = false
    }

    migrate {
      max_parallel     = 1
      health_check     = "checks"
      min_healthy_time = "30s"
      healthy_deadline = "10m"
    }

    ephemeral_disk {
      size = 200
    }

    network {
      mode = "host"

      port "client" {
        static       = 4222
        host_network = var.private_network
      }

      port "cluster" {
        static       = 6222
        host_network = var.private_network
      }

      port "monitor" {
        static       = 8222
        host_network = var.private_network
      }
    }

    volume "data" {
      type   = "host"
      source = var.volume
    }

    service {
      name     = "podvirt-nats"
      port     = "client"
      provider = "nomad"

      check {
        name     = "jetstream"
        type     = "http"
        port     = "monitor"
        path     = "/healthz"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "nats" {
      driver       = "docker"
      kill_signal  = "SIGUSR2"
      kill_timeout = var.drain

      config {
        image        = var.image
        network_mode = "host"
        args         = ["--config", "${NOMAD_SECRETS_DIR}/nats.conf"]
      }

      volume_mount {
        volume      = "data"
        destination = "/data"
      }

      # SIGHUP reads users and routes again, without a restart.
      template {
        destination   = "secrets/nats.conf"
        perms         = "0444"
        change_mode   = "signal"
        change_signal = "SIGHUP"
        data          = <<EOT
{{ with nomadVar "nomad/jobs/podvirt-nats" }}
server_name: {{ env "node.unique.name" }}
listen: "{{ env "NOMAD_ADDR_client" }}"
http: "{{ env "NOMAD_ADDR_monitor" }}"

# A message with its answer's head and a whole routing table fit; more is a mistake.
max_payload: 4MB
max_pending: 64MB
lame_duck_duration: 30s
lame_duck_grace_period: 5s

jetstream {
  store_dir: "/data"
  max_memory_store: 256MB
  max_file_store: ${var.storage}
}

authorization {
  users: [
    { user: "podvirt", password: {{ .password.Value | toJSON }} }
    {
      user: "podvirt-node", password: {{ .node_password.Value | toJSON }}
      permissions: { publish: ["podvirt.node.>"], subscribe: ["podvirt.node.>", "_INBOX.>"] }
    }
  ]
}

cluster {
  name: podvirt
  listen: "{{ env "NOMAD_ADDR_cluster" }}"
  authorization { user: "route", password: {{ .cluster_password.Value | toJSON }} }
  routes: ["nats://route:{{ .cluster_password.Value }}@${join("\", \"nats://route:{{ .cluster_password.Value }}@", var.routes)}"]
}
{{ end }}
EOT
      }

      logs {
        max_files     = 5
        max_file_size = 20
      }

      resources {
        cpu    = var.cpu
        memory = var.memory
      }
    }
  }
}
