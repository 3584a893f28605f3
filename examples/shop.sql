-- A small shop of garden tools, for docs/sql.md and the tests; works in SQLite and PostgreSQL.
CREATE TABLE customer (id INTEGER PRIMARY KEY, name VARCHAR(60) NOT NULL, city VARCHAR(40), country VARCHAR(40));
CREATE TABLE product (id INTEGER PRIMARY KEY, name VARCHAR(60) NOT NULL, category VARCHAR(40), price NUMERIC(8, 2));
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer (id), ordered_on DATE);
CREATE TABLE purchase_item (
    purchase_id INTEGER REFERENCES purchase (id),
    product_id INTEGER REFERENCES product (id),
    quantity INTEGER,
    PRIMARY KEY (purchase_id, product_id)
);
INSERT INTO customer VALUES
    (1, 'Ada Lindqvist', 'Uppsala', 'Sweden'), (2, 'Bo Ekman', 'Lund', 'Sweden'),
    (3, 'Carla Rossi', 'Torino', 'Italy'), (4, 'Dieter Vogel', 'Bremen', 'Germany'),
    (5, 'Elin Åberg', 'Uppsala', 'Sweden'), (6, 'O''Neill & Sons', NULL, 'Ireland');
INSERT INTO product VALUES
    (1, 'Hand Fork', 'Digging', 12.50), (2, 'Spade', 'Digging', 39.00), (3, 'Pruning Saw', 'Cutting', 24.90),
    (4, 'Hedge Shears', 'Cutting', 45.00), (5, 'Watering Can', 'Watering', 18.00), (6, 'Hose Reel', 'Watering', 59.90);
INSERT INTO purchase VALUES
    (1, 1, '2024-03-02'), (2, 2, '2024-05-19'), (3, 1, '2025-01-07'), (4, 3, '2025-02-11'), (5, 4, '2025-02-28'),
    (6, 5, '2025-06-30'), (7, 1, '2026-04-01');
INSERT INTO purchase_item VALUES
    (1, 2, 1), (1, 5, 2), (2, 3, 1), (3, 1, 4), (4, 4, 1), (4, 6, 1), (5, 2, 2), (6, 5, 1), (7, 3, 1), (7, 6, 1);
