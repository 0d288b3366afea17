-- Which links cannot be sold, and why?
SELECT link_label, reason, product_name, since
FROM polar_bi.unsellable_links
ORDER BY since DESC NULLS FIRST;
